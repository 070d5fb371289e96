/**
 * Payloads as everyone sends them to a topic, read without ever throwing. A converter that throws fails the workflow task,
 * and the server repeats that for ever: one signal with bytes that are not JSON would end a topic.
 *
 * Loaded by path into the workflow sandbox and by workers. Imports the contract only.
 */
import { defaultPayloadConverter, type Payload, type PayloadConverter } from '@temporalio/common';
import { Unreadable } from './unreadable.js';

/**
 * A prompt with all its fields has at most 192 KiB (`MAX_REQUEST_BYTES`), and what an activity answers has less than this.
 * More is not even parsed: under a flood of signals of 2 MB a topic must be faster than the flood, or it can never roll over.
 */
const MOST_BYTES = 768 * 1024;
/** Only what continue-as-new carries may be larger. */
const CARRIED = [...'{"state":'].map((character) => character.charCodeAt(0));

/** Nothing that we send is deeper. JSON.stringify and every other recursion of the SDK's overflows at some thousands. */
const DEEPEST = 100;

class TolerantConverter implements PayloadConverter {
  toPayload<T>(value: T): Payload {
    return defaultPayloadConverter.toPayload(value);
  }

  fromPayload<T>(payload: Payload): T {
    const encoding = encodingOf(payload);
    const data = payload.data ?? new Uint8Array();
    try {
      if (data.length > MOST_BYTES && !CARRIED.every((byte, at) => data[at] === byte)) {
        return new Unreadable(encoding, `has ${data.length} bytes; at most ${MOST_BYTES} are read`, true) as T;
      }
      if (encoding === 'json/plain' && isDeep(data)) {
        return new Unreadable(encoding, `is nested more than ${DEEPEST} levels deep`) as T;
      }
      return defaultPayloadConverter.fromPayload(payload);
    } catch (error) {
      return new Unreadable(encoding, `cannot be read: ${String(error instanceof Error ? error.message : error).slice(0, 200)}`) as T;
    }
  }
}

function encodingOf({ metadata }: Payload): string {
  const bytes = metadata?.encoding ?? new Uint8Array();
  return String.fromCharCode(...bytes.subarray(0, 40)).replace(/[^\w/.+-]/g, '?');
}

/** Counts brackets outside of strings: one pass over the bytes, before anything is built of them. */
export function isDeep(json: Uint8Array): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < json.length; i += 1) {
    const byte = json[i];
    if (inString) {
      if (byte === 0x5c) i += 1;
      else if (byte === 0x22) inString = false;
    } else if (byte === 0x22) inString = true;
    else if (byte === 0x5b || byte === 0x7b) {
      depth += 1;
      if (depth > DEEPEST) return true;
    } else if (byte === 0x5d || byte === 0x7d) depth -= 1;
  }
  return false;
}

/** The name under which Temporal looks for it. */
export const payloadConverter = new TolerantConverter();
