/**
 * A feature that takes three days, in one session. Every evening the machine is switched off, once
 * in the middle of a turn. Every morning `continuity up` continues where it was. Only the nights
 * are shorter here.
 *
 *   npx tsx examples/feature-over-days.ts
 *
 * Everything is real except the model behind the agent. That is a script. The text in [[ ]] says
 * which tool it calls.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { SessionManager, type TurnResult } from '../src/index.js';
import { promptsInSession } from './stage/agent-session.js';
import { knows, wordsOf } from './stage/claims.js';
import { perform } from './stage/perform.js';
import { say, until } from './stage/say.js';

const TOPIC = 'search';
const MONDAY = ['Add a search index [[bash: echo "index" > index.js]]', 'Fix: umlauts are not found'];
const TUESDAY = [
  'Also: how is it kept up to date?',
  'Index the archive [[bash: echo begun >> archive.txt; test $(wc -l < archive.txt) -gt 1 || sleep 120]]',
  'Then write down how long that takes',
];
const WEDNESDAY = ['Summarise what was done for the change log'];

await perform(async (stage, signal) => {
  const turns: TurnResult[] = [];
  const delegate = async (manager: SessionManager, prompt: string) => {
    say(`${TOPIC} ← ${wordsOf(prompt)}`);
    turns.push(await manager.delegate(TOPIC, prompt, { signal }));
  };

  say('Monday');
  {
    await using manager = await SessionManager.connect();
    for (const prompt of MONDAY) await delegate(manager, prompt);
  }
  await stage.switchOff();

  say('Tuesday');
  await stage.switchOn(signal);
  const left: string[] = [];
  {
    await using manager = await SessionManager.connect();
    const [question = '', ...work] = TUESDAY;
    await delegate(manager, question);
    for (const prompt of work) left.push((await manager.submit(TOPIC, prompt)).prompt_id);
    await until(() => existsSync(join(stage.project, 'archive.txt')), signal);
    say('The agent is at work, a prompt waits behind it, and the machine is switched off.');
  }
  await stage.switchOff();

  say('Wednesday');
  await stage.switchOn(signal);
  await using manager = await SessionManager.connect();
  for (const id of left) turns.push(await manager.wait(TOPIC, id, { signal }));
  for (const prompt of WEDNESDAY) await delegate(manager, prompt);

  const prompts = [...MONDAY, ...TUESDAY, ...WEDNESDAY];
  for (const [i, { turn, session, status, recovered, reply }] of turns.entries()) {
    process.stdout.write(
      `turn ${turn}  ${wordsOf(prompts[i] ?? '')}\n        ${[session.kind, recovered, status].filter(Boolean).join(', ')}: ${reply}\n`,
    );
  }
  const [first, interrupted, last] = [turns[0], turns[3], turns.at(-1)];
  const stored = await promptsInSession(stage, first?.session_id ?? '');
  return [
    {
      claim: 'all six turns were completed, in one session',
      holds:
        turns.length === 6 &&
        turns.every(({ status, session_id }) => status === 'completed' && session_id === first?.session_id),
    },
    {
      claim: 'the turn that was cut off in the evening ended in the morning, by itself',
      holds: interrupted?.recovered !== undefined,
    },
    { claim: 'what was queued behind it came after it', holds: turns.every(({ turn }, i) => turn === i + 1) },
    {
      claim: 'on the third day the agent knew all that was asked before',
      holds: knows(last?.reply ?? '', prompts.slice(0, -1)),
    },
    {
      claim: 'every prompt is in the agent’s own store exactly once, in order',
      holds: JSON.stringify(stored) === JSON.stringify(prompts),
    },
  ];
});
