/** Topics whose turn waits, as a caller with nothing but a Temporal client sees them. */
import { expect } from 'vitest';
import type { Ask, Waiting } from '../../src/contract/asks.js';
import * as messages from '../../src/contract/messages.js';
import type { TopicView } from '../../src/contract/views.js';
import type { World } from './world.js';

export function topicsIn(world: () => World) {
  const handleOf = (topic: string) => world().client.workflow.getHandle(`topic/${topic}`);
  const viewOf = (topic: string): Promise<TopicView> => handleOf(topic).query(messages.view);
  /** Nothing as well while the topic cannot be asked. */
  const nowWaiting = async (topic: string) => (await viewOf(topic).catch(() => undefined))?.running?.waiting;

  async function waitingOf<For extends Waiting['for']>(topic: string, what: For): Promise<Waiting & { for: For }> {
    let waiting: Waiting | undefined;
    await expect.poll(async () => (waiting = await nowWaiting(topic))?.for).toBe(what);
    return waiting as Waiting & { for: For };
  }

  /** The open ask, once it is as wanted. */
  async function askOf(topic: string, isWanted: (ask: Ask) => boolean = () => true): Promise<Ask> {
    let ask: Ask | undefined;
    await expect
      .poll(async () => {
        const waiting = await nowWaiting(topic);
        ask = waiting?.for === 'answer' ? waiting.ask : undefined;
        return ask !== undefined && isWanted(ask);
      })
      .toBe(true);
    return ask as Ask;
  }

  return {
    handleOf,
    viewOf,
    nowWaiting,
    waitingOf,
    askOf,
    answer: (topic: string, payload: unknown) =>
      handleOf(topic).executeUpdate(messages.answer, { args: [payload as messages.AnswerPayload] }),
  };
}
