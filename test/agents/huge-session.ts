/**
 * Makes a session huge in its agent's own store, with copies of a turn that the agent has stored
 * itself. Nothing else can make 100 MB of it in time.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { appendFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import type { Agent, SessionRef } from '../../src/agents/agent.js';
import { rolloutOf } from '../../src/agents/codex/rollout-files.js';
import type { Row } from '../../src/agents/claude-code/rows.js';
import { sessionFileOf } from '../../src/agents/claude-code/store.js';
import { createOpenCodeDriver } from '../../src/agents/opencode/driver.js';
import { findProgram } from '../../src/agents/opencode/program.js';
import type { StoredMessage } from '../../src/agents/opencode/turn-state.js';
import type { AgentDriver } from '../../src/agents/driver.js';
import { claudeUnderTest } from './claude-code-under-test.js';
import { codexUnderTest } from './codex-under-test.js';
import { openCodeUnderTest } from './opencode-under-test.js';
import { runTurn } from './run.js';

export interface HugeStage {
  agent: Agent;
  /** Without the turn protocol. */
  driver: AgentDriver;
  cwd: string;
  model: string;
  /** Adds so many messages of this size: prompts of ours and their replies. */
  grow(session: SessionRef, messages: number, bytes: number): Promise<void>;
  dispose(): Promise<void>;
}

const PROMPT = 'TheTemplateOfAPrompt';
const REPLY = 'TheTemplateOfAReply';
const template = `${PROMPT} [[say: ${REPLY}]]`;
const filler = (bytes: number) => 'All work and no play. '.repeat(Math.ceil(bytes / 22)).slice(0, bytes);
const hex = (length: number) => randomBytes(length / 2).toString('hex');

export async function claudeStage(): Promise<HugeStage> {
  const under = await claudeUnderTest();
  const agent = under.create();
  return {
    ...{ agent, driver: under.careful().driver, cwd: under.cwd, model: under.model, dispose: () => under.dispose() },
    async grow(session, messages, bytes) {
      await runTurn(agent, session, template);
      const rows = await under.rowsIn(session);
      const [prompt, reply] = rows.filter(({ type }) => type === 'user' || type === 'assistant').slice(-2) as [
        Row,
        Row,
      ];
      let parentUuid = reply.uuid;
      const lines: string[] = [];
      for (let i = 0; i < messages; i += 2) {
        const asked = {
          ...prompt,
          ...{ uuid: `c0171d00-${hex(4)}-8${hex(4).slice(1)}-8${hex(4).slice(1)}-${hex(12)}`, parentUuid },
          promptId: randomUUID(),
          message: { ...prompt.message, content: filler(bytes) },
        };
        const said = {
          ...reply,
          ...{ uuid: randomUUID(), parentUuid: asked.uuid },
          message: { ...reply.message, id: `msg_${hex(12)}`, content: [{ type: 'text', text: filler(bytes) }] },
        };
        parentUuid = said.uuid;
        lines.push(`${JSON.stringify(asked)}\n${JSON.stringify(said)}\n`);
      }
      await appendAll(await sessionFileOf(under.home.store, session), lines);
    },
  };
}

export async function codexStage(): Promise<HugeStage> {
  const under = await codexUnderTest();
  const agent = under.create();
  return {
    ...{ agent, driver: under.driver(), cwd: under.cwd, model: under.model, dispose: () => under.dispose() },
    async grow(session, messages, bytes) {
      await runTurn(agent, session, template);
      await under.kill(); // It has the thread loaded.
      const path = (await rolloutOf(`${under.env['CODEX_HOME']}`, session.session_id)) ?? '';
      const lines = (await readFile(path, 'utf8')).split('\n').filter(Boolean);
      const turn = lines.slice(lines.findLastIndex((line) => line.includes('"task_started"')));
      const turnId = /"turn_id":"([^"]+)"/.exec(turn[0] ?? '')?.[1] ?? '';
      const key = /"client_id":"([^"]+)"/.exec(turn.join())?.[1] ?? '';
      let ordinal = lines.length;
      const copies: string[] = [];
      for (let i = 0; i < messages; i += 2) {
        const [copiedTurn, copiedKey, message] = [randomUUID(), `cty_${hex(32)}`, hex(8)];
        const copy = turn.map((line) =>
          line
            .replaceAll(turnId, copiedTurn)
            .replaceAll(key, copiedKey)
            .replaceAll(/"msg_[^"]+"/g, (id) => `${id.slice(0, -1)}_${message}"`)
            .replace(/"ordinal":\d+/, () => `"ordinal":${ordinal++}`)
            .replaceAll(template, filler(bytes))
            .replaceAll(REPLY, filler(bytes)),
        );
        copies.push(`${copy.join('\n')}\n`);
      }
      await appendAll(path, copies);
    },
  };
}

interface Exported {
  info: object;
  messages: StoredMessage[];
}

export async function openCodeStage(): Promise<HugeStage> {
  const under = await openCodeUnderTest();
  const agent = under.create();
  const env = { ...process.env, ...under.env };
  const log = () => undefined;
  const driver = createOpenCodeDriver({ config: { kind: 'opencode' }, dataDir: under.dataDir, env, log });
  return {
    ...{ agent, driver, cwd: under.cwd, model: under.model, dispose: () => under.dispose() },
    async grow(session, messages, bytes) {
      await runTurn(agent, session, template);
      const program = await findProgram(undefined, env);
      const file = join(under.dir, 'huge.json');
      const { stdout } = await execa(program, ['export', session.session_id], { env });
      const exported = JSON.parse(stdout) as Exported;
      const [prompt, reply] = exported.messages.slice(-2) as [StoredMessage, StoredMessage];
      const begun = Date.now();
      for (let i = 0; i < messages; i += 2) {
        const asked = copyOf(prompt, `msg_cty${hex(32)}`, begun + i, bytes);
        const said = copyOf(reply, `msg_${hex(24)}`, begun + i + 1, bytes);
        if (said.info.role === 'assistant') said.info.parentID = asked.info.id;
        exported.messages.push(asked, said);
      }
      await writeFile(file, JSON.stringify(exported));
      await execa(program, ['import', file], { env, cwd: under.cwd });
      await rm(file);
    },
  };
}

function copyOf(message: StoredMessage, id: string, created: number, bytes: number): StoredMessage {
  const copy = structuredClone(message);
  Object.assign(copy.info, {
    id,
    time: { ...copy.info.time, created, ...('completed' in copy.info.time && { completed: created }) },
  });
  copy.parts.forEach((part, at) => {
    Object.assign(part, {
      id: `prt_${hex(16)}${at}`,
      messageID: id,
      ...(part.type === 'text' && { text: filler(bytes) }),
    });
  });
  return copy;
}

async function appendAll(path: string, texts: readonly string[]): Promise<void> {
  for (let at = 0; at < texts.length; at += 100) await appendFile(path, texts.slice(at, at + 100).join(''));
}
