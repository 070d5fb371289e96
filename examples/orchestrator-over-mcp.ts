/**
 * An orchestrator delegates work to agents over MCP: two tasks at once, then follow-ups by
 * session_id. Its connection is killed while one of them runs.
 *
 *   npx tsx examples/orchestrator-over-mcp.ts
 *
 * Everything is real except the model behind the agents. That is a script. The text in [[ ]] says
 * which tool it calls.
 */
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import type { TurnResult } from '../src/index.js';
import { promptsInSession } from './stage/agent-session.js';
import { knows, same, wordsOf } from './stage/claims.js';
import { perform } from './stage/perform.js';
import { say } from './stage/say.js';
import type { Stage } from './stage/stage.js';

const PROMPTS = {
  endpoint: 'Add a login endpoint [[bash: echo "login" > login.js]]',
  page: 'Create the dashboard page [[bash: echo "<h1>Dashboard</h1>" > dashboard.html]]',
  tests: 'Now write and run its tests [[bash: echo ran >> test-runs.txt; sleep 5]]',
  header: 'Fix: the header does not stick',
};

type Answer = Omit<TurnResult, 'status'> & { status: string };

class Orchestrator {
  readonly #client = new Client({ name: 'orchestrator', version: '1.0.0' });
  readonly #transport: StdioClientTransport;

  /** Starts the server as an orchestrator's configuration does: `npx session-continuity mcp`. */
  constructor({ env, project }: Stage) {
    const args = [fileURLToPath(new URL('../bin/continuity.js', import.meta.url)), 'mcp'];
    this.#transport = new StdioClientTransport({
      command: process.execPath,
      args,
      cwd: project,
      env: env as Record<string, string>,
      stderr: 'ignore',
    });
  }

  async connect(): Promise<this> {
    await this.#client.connect(this.#transport);
    return this;
  }

  async call(tool: string, input: object): Promise<Answer> {
    say(`${tool} ${wordsOf(JSON.stringify(input))}`);
    const { content, _meta } = await this.#client.callTool({ name: tool, arguments: { ...input } });
    const facts = _meta?.['continuity/answer'] as Answer & { shown?: { from: number; to: number } };
    const [block] = content;
    const text = block?.type === 'text' ? block.text : '';
    return { ...facts, reply: text.slice(0, facts.shown ? facts.shown.to - facts.shown.from : 0) };
  }

  /**
   * Accepted work continues without this process. Asks for the outcome until the work has ended.
   */
  async ended(answer: Answer): Promise<Answer> {
    while (answer.status === 'accepted')
      answer = await this.call('session_outcome', { topic: answer.topic, prompt_id: answer.prompt_id });
    return answer;
  }

  async kill(): Promise<void> {
    const closed = new Promise<void>((resolve) => (this.#client.onclose = resolve));
    process.kill(this.#transport.pid ?? 0, 'SIGKILL');
    await closed;
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}

await perform(async (stage) => {
  const first = await new Orchestrator(stage).connect();
  const [endpoint, page] = await Promise.all([
    first.call('delegate_task', { category: 'quick', prompt: PROMPTS.endpoint }).then((answer) => first.ended(answer)),
    first
      .call('delegate_task', { category: 'visual-engineering', prompt: PROMPTS.page })
      .then((answer) => first.ended(answer)),
  ]);
  const tests = await first.call('delegate_task', {
    session_id: endpoint.session_id,
    prompt: PROMPTS.tests,
    wait_seconds: 1,
  });
  say(`It is ${tests.status}, and goes on. kill -9: the connection of the orchestrator is gone.`);
  await first.kill();

  const second = await new Orchestrator(stage).connect();
  const ended = await second.ended(tests);
  const header = await second.ended(
    await second.call('delegate_task', { session_id: page.session_id, prompt: PROMPTS.header }),
  );
  await second.close();

  for (const { topic, session_id, turn, status, reply } of [endpoint, page, ended, header]) {
    process.stdout.write(`${topic} · ${session_id} · turn ${turn} ${status}: ${reply}\n`);
  }
  const stored = await Promise.all([endpoint, page].map(({ session_id }) => promptsInSession(stage, session_id ?? '')));
  return [
    {
      claim: 'two tasks at once had a session each',
      holds: endpoint.session_id !== page.session_id && [endpoint, page].every(({ session }) => session.kind === 'new'),
    },
    {
      claim: 'what was accepted went on without the orchestrator, and its outcome was there for the next one',
      holds: tests.status === 'accepted' && ended.status === 'completed' && ended.session_id === endpoint.session_id,
    },
    {
      claim: 'each follow-up knew what its own session had done',
      holds:
        knows(ended.reply, [PROMPTS.endpoint]) &&
        knows(header.reply, [PROMPTS.page]) &&
        !knows(header.reply, [PROMPTS.endpoint]),
    },
    {
      claim: 'every prompt is in the agents’ own store exactly once',
      holds: same(stored.flat(), Object.values(PROMPTS)),
    },
  ];
});
