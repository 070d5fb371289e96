/** Reports the config file, and the parts of it that the user has not trusted. */
import type { Config } from '../../config.js';
import { untrusted } from '../terminal/report-ignored.js';
import { fine, wrong, type Finding } from './check.js';

export function checkConfig(config: Config): Finding[] {
  const found = fine('config', config.file ?? 'defaults (no config file)');
  return [found, ...untrusted(config).map((problem) => wrong('config trust', problem))];
}
