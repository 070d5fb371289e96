/**
 * A plug-in of OpenCode that makes an agent go on after its answer, as oh-my-openagent does. Nothing
 * marks its messages.
 *
 * - Its tool starts a sub-agent in the background and returns at once. When a sub-agent has ended and
 *   the session is idle, a message in the session says so. Only the last one asks for an answer.
 * - When a session is idle and its list of tasks is not done, a message says that.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';

/** oh-my-openagent waits that long or longer. */
const SETTLES_MS = 300;

export const Background = async ({ client, directory }) => {
  const working = new Map();
  const isIdle = async (id) => {
    const { data } = await client.session.status({ query: { directory } });
    return (data?.[id]?.type ?? 'idle') === 'idle';
  };

  async function tell(child) {
    const { parent, word, told } = working.get(child);
    if (told) return;
    working.get(child).told = true;
    await sleep(SETTLES_MS);
    while (!(await isIdle(parent))) await sleep(100);
    working.delete(child);
    if (word === '') return;
    const left = [...working.values()].filter((one) => one.parent === parent).length;
    const text = left > 0 ? `A background task is complete. ${left} still in progress.` : word;
    await client.session.promptAsync({
      path: { id: parent },
      body: { noReply: left > 0, parts: [{ type: 'text', text }] },
      query: { directory },
    });
  }

  async function remind(id) {
    const { data: tasks = [] } = await client.session.todo({ path: { id }, query: { directory } });
    if (!tasks.some(({ status }) => status === 'pending')) return;
    await sleep(SETTLES_MS);
    const text = 'Incomplete tasks remain. [[tool: todowrite {"todos":[]}]] [[say: All tasks are done.]]';
    await client.session.promptAsync({
      path: { id },
      body: { parts: [{ type: 'text', text }] },
      query: { directory },
    });
  }

  return {
    tool: {
      background_task: {
        description: 'Starts a sub-agent in the background.',
        args: { prompt: z.string(), word: z.string().describe('What is said when all have ended') },
        async execute({ prompt, word }, { sessionID }) {
          const { data } = await client.session.create({
            body: { parentID: sessionID, title: 'background' },
            query: { directory },
          });
          working.set(data.id, { parent: sessionID, word });
          await client.session.promptAsync({
            path: { id: data.id },
            body: { parts: [{ type: 'text', text: prompt }] },
            query: { directory },
          });
          return `Started ${data.id}. You will be told when it ends.`;
        },
      },
    },
    async event({ event }) {
      if (event.type !== 'session.idle') return;
      const { sessionID } = event.properties;
      void (working.has(sessionID) ? tell(sessionID) : remind(sessionID));
    },
  };
};
