/**
 * Reads the payloads that anyone sends to a topic, and never throws. A converter that throws fails
 * the workflow task, and the server repeats a failed task for ever. One signal with bytes that are
 * not JSON would then stop the topic.
 *
 * The workflow sandbox and workers load this file by its path. It imports the contract only.
 */
import { defaultPayloadConverter, type Payload, type PayloadConverter } from '@temporalio/common';
import { Unreadable } from './unreadable.js';

/**
 * A prompt with all its fields has at most 192 KiB (`MAX_REQUEST_BYTES`), and the answer of an
 * activity has less than this limit. A larger payload is not parsed: a topic must work through a
 * flood of 2 MB signals faster than they arrive, or it can never continue as new.
 */
const MOST_BYTES = 768 * 1024;
/**
 * The state that continue-as-new carries is the only payload that may be larger. It starts with
 * these bytes.
 */
const CARRIED = [...'{"state":'].map((character) => character.charCodeAt(0));

/**
 * We send nothing deeper. JSON.stringify and the SDK's own recursions overflow the stack at some
 * thousand levels.
 */
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
      return unreadable(encoding, error) as T;
    }
  }
}

function unreadable(encoding: string, error: unknown): Unreadable {
  return new Unreadable(
    encoding,
    `cannot be read: ${String(error instanceof Error ? error.message : error).slice(0, 200)}`,
  );
}

function encodingOf({ metadata }: Payload): string {
  const bytes = metadata?.encoding ?? new Uint8Array();
  return String.fromCharCode(...bytes.subarray(0, 40)).replace(/[^\w/.+-]/g, '?');
}

/**
 * Counts the brackets outside of strings in one pass over the bytes, before any object is built.
 */
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

/**
 * For clients. With the SDK's own converter, a memo with bytes that are not JSON fails every call
 * that describes or lists its workflow. There is no size limit here: a topic's answer may be as
 * large as the state that it carries.
 */
export const converterOfClients: PayloadConverter = {
  toPayload: (value) => defaultPayloadConverter.toPayload(value),
  fromPayload<T>(payload: Payload): T {
    try {
      return defaultPayloadConverter.fromPayload(payload);
    } catch (error) {
      return unreadable(encodingOf(payload), error) as T;
    }
  },
};

/** Temporal looks for the converter under this name. */
export const payloadConverter = new TolerantConverter();
