import { Failed } from '../../contract/failures.js';
import type { Config } from '../../config.js';
import { command } from '../args/command.js';
import { addressOf, configOf } from '../connect.js';
import type { Finding } from '../doctor/check.js';
import { exitOf } from '../terminal/fail.js';
import type { Output } from '../terminal/output.js';
import { table } from '../terminal/table.js';

export default command({
  name: 'doctor',
  summary: 'Checks everything that continuity needs.\nPrints a table of the checks, and a fix for each problem.',
  flags: {},
  args: [],
  examples: [
    ['continuity doctor', 'exit code 0 when there is no problem'],
    ['continuity doctor --json', 'for a bug report'],
  ],
  async run({ flags, output }) {
    const [machine, { wrong }, { checkConfig }] = await Promise.all([
      import('../doctor/machine.js'),
      import('../doctor/check.js'),
      import('../doctor/trust.js'),
    ]);
    const findings = [machine.checkNode()];
    let config: Config | undefined;
    try {
      config = await configOf(flags);
      findings.push(...(await checkConfig(config)));
    } catch (error) {
      if (!(error instanceof Failed)) throw error;
      findings.push(wrong('config', error.failure as NonNullable<Finding['problem']>));
    }
    // Without a config the data directory is unknown.
    if (config) findings.push(...(await rest(config)));
    output.answer(findings, await textOf(findings, output));
    const first = findings.find(({ problem }) => problem)?.problem;
    return first ? exitOf(first.code) : 0;
  },
});

async function rest(config: Config): Promise<Finding[]> {
  const [machine, server, agents, { checkWebUi }, { checkPrivate }] = await Promise.all([
    import('../doctor/machine.js'),
    import('../doctor/server.js'),
    import('../doctor/agents.js'),
    import('../doctor/web-ui.js'),
    import('../doctor/private.js'),
  ]);
  const isPrivate = await checkPrivate(config.dataDir);
  // When other users can write the data directory, its records are no evidence about the server and
  // the agents of this machine.
  if (!isPrivate.ok) return [isPrivate, await machine.checkProgram()];
  const described = agents.checkAgents(config.dataDir);
  const versions = described.then(agents.versionsIn, () => ({}));
  const found = await Promise.all([
    machine.checkDataDir(config.dataDir),
    machine.checkProgram(),
    addressOf(config).then((address) => server.checkServer(address, config.dataDir, versions)),
    described,
    checkWebUi(config.dataDir),
  ]);
  return found.flat();
}

async function textOf(findings: Finding[], output: Output): Promise<string> {
  const rows = findings.map(({ check, ok, detail, note }) => [
    ok ? (note === undefined ? 'ok' : 'note') : 'problem',
    check,
    detail.replaceAll('\n', ' '),
  ]);
  const part = (title: string, lines: string[]) =>
    lines.length > 0 ? ['', output.styled('bold', title), ...lines] : [];
  const line = (check: string, text: string) => `${output.styled('bold', check)}: ${text}`;
  const fixes = findings.flatMap(({ check, problem }) => (problem ? [line(check, problem.fix)] : []));
  const notes = findings.flatMap(({ check, note }) => (note === undefined ? [] : [line(check, note)]));
  return [
    await table(['', 'CHECK', 'FOUND'], rows),
    ...part('Worth knowing', notes),
    ...part('What to do', fixes),
  ].join('\n');
}
