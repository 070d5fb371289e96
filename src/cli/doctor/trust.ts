/**
 * Reports the config file that counts for sessions of this directory, the parts of it that the user
 * has not trusted, and whether the worker reads another one.
 */
import type { Config } from '../../config.js';
import { untrusted } from '../terminal/report-ignored.js';
import { fine, wrong, type Finding } from './check.js';

export async function checkConfig(config: Config): Promise<Finding[]> {
  const { differenceToWorkerIn, workingDirectory, originOf } = await import('../../config.js');
  const cwd = workingDirectory();
  const found = fine('config', `${config.file ?? 'defaults (no config file)'}, ${originOf(config)}`);
  const differs = await differenceToWorkerIn(cwd, config);
  return [
    found,
    ...untrusted(config).map((problem) => wrong('config trust', problem)),
    ...(differs ? [wrong('config of the worker', differs)] : []),
  ];
}
