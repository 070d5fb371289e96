/**
 * The scripted engineer: a pure function of the conversation in the request. It calls the tools
 * that a model would call. It speaks of a file or of earlier work only when the conversation has
 * it. In a session without a past, "it" means nothing to the engineer, and the reply says so.
 */
import { textOf, type ChatMessage } from '../../scripted/script.js';

/** The parts of a conversation from which an answer is made. */
interface Known {
  /** The person's prompts, oldest first. The last one is the current one. */
  asks: string[];
  /** The output of all tools in the conversation. */
  printed: string;
  /** The last file that was written. */
  it: string | undefined;
}

interface Work {
  asked: RegExp;
  /** What "it" has to match. */
  about?: RegExp;
  /** A command for the agent's bash tool. */
  run?: (known: Known) => string;
  say: (known: Known) => string;
}

const LOGIN = `const { randomUUID } = require('node:crypto');
exports.login = ({ name, password }) => (name && password ? { status: 200, session: randomUUID() } : { status: 400 });`;

const LIMITED = `const { randomUUID } = require('node:crypto');
const tries = new Map();
exports.login = ({ name, password, address }) => {
  const recent = (tries.get(address) ?? []).filter((at) => Date.now() - at < 10_000);
  tries.set(address, [...recent, Date.now()]);
  if (recent.length >= 5) return { status: 429 };
  return name && password ? { status: 200, session: randomUUID() } : { status: 400 };
};`;

const TESTS = `const { login } = require('./login.js');
const { test } = require('node:test');
const { equal } = require('node:assert');
require('node:fs').appendFileSync('test-runs.txt', 'began\\n');
const ada = { name: 'ada', password: 'secret', address: '192.0.2.1' };
test('a name and a password open a session', () => equal(login(ada).status, 200));
test('without a password there is none', () => equal(login({ ...ada, password: '' }).status, 400));`;

const LIMIT_TESTS = `test('the sixth try within ten seconds is refused', () => {
  for (let n = 0; n < 3; n++) login(ada);
  equal(login(ada).status, 429);
});
test('ten seconds later it is not', async () => {
  await new Promise((resolve) => setTimeout(resolve, 11_000));
  equal(login(ada).status, 200);
});`;

const PAGE = `<header>Orders</header>
<main><table></table></main>`;

const write = (file: string, text: string, how = '>') => `cat ${how} ${file} <<'END'\n${text}\nEND\n`;
const wrote = (...files: string[]) => `echo ${files.map((file) => `wrote ${file}`).join('; echo ')}`;

const WORKS: Work[] = [
  {
    asked: /add a login endpoint/i,
    run: () => write('login.js', LOGIN) + write('login.test.js', TESTS) + wrote('login.test.js', 'login.js'),
    say: ({ it }) =>
      `The endpoint is in ${it}: it takes a name and a password, and answers with a session. Two tests are in login.test.js.`,
  },
  {
    asked: /rate limiting/i,
    about: /login\.js/,
    run: ({ it = '' }) => write(it, LIMITED) + write('login.test.js', LIMIT_TESTS, '>>') + wrote(it),
    say: ({ it }) =>
      `${it} takes five tries in ten seconds from one address, and answers 429 to the next. I added two tests for that.`,
  },
  {
    asked: /logout/i,
    about: /login\.js/,
    run: ({ it = '' }) =>
      write(it, 'exports.logout = ({ session }) => (session ? { status: 204 } : { status: 401 });', '>>') + wrote(it),
    say: ({ it }) => `${it} has a logout beside the login: it ends the session that it is given.`,
  },
  {
    asked: /load test/i,
    about: /\.js/,
    run: () => 'sleep 120',
    say: ({ it }) => `${it} held for two minutes.`,
  },
  {
    asked: /run its tests/i,
    about: /\.js/,
    run: () => 'node --test',
    say: ({ printed, it }) =>
      `${[...printed.matchAll(/pass (\d+)/g)].at(-1)?.[1] ?? 'No'} tests of ${it} passed, ${[...printed.matchAll(/fail (\d+)/g)].at(-1)?.[1] ?? 'none'} failed.`,
  },
  {
    asked: /document/i,
    about: /./,
    run: ({ asks, it }) =>
      write(
        'NOTES.md',
        `# ${it}\n${asks
          .slice(0, -1)
          .map((ask) => `- ${ask}`)
          .join('\n')}`,
      ) + 'cat NOTES.md',
    say: ({ asks, it }) =>
      `NOTES.md has what was done to ${it}: ${asks
        .slice(0, -1)
        .map((ask) => `"${ask}"`)
        .join(', ')}.`,
  },
  {
    asked: /create the dashboard page/i,
    run: () => write('dashboard.html', PAGE) + wrote('dashboard.html'),
    say: ({ it }) => `${it} has a header and an empty table for the orders.`,
  },
  {
    asked: /header sticky/i,
    about: /\.html/,
    run: ({ it }) => `sed -i.old 's/<header>/<header style="position: sticky; top: 0">/' ${it} && ${wrote(it ?? '')}`,
    say: ({ it }) => `The header of ${it} stays at the top now: position: sticky.`,
  },
];

function knownFrom(messages: ChatMessage[], asks: string[]): Known {
  const printed = messages
    .filter(({ role }) => role === 'tool')
    .map(textOf)
    .join('\n');
  return { asks, printed, it: [...printed.matchAll(/^wrote (\S+)$/gm)].at(-1)?.[1] };
}

/** The directives for the scripted model. Empty when the engineer does not know the prompt. */
export function scriptOf(messages: ChatMessage[], asks: string[]): string {
  const work = WORKS.find(({ asked }) => asked.test(asks.at(-1) ?? ''));
  if (!work) return '';
  const known = knownFrom(messages, asks);
  if (work.about && !work.about.test(known.it ?? ''))
    return `[[say: Nothing came before this in our conversation. What do you mean by "it"?]]`;
  return `${work.run ? `[[bash: ${work.run(known)}]]` : ''}[[say: ${work.say(known)}]]`;
}
