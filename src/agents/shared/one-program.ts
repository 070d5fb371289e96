import type { AgentConfig } from '../../config.js';
import { failure } from '../../contract/failures.js';
import { AgentError } from '../agent.js';

/**
 * The config whose program runs the one server of all these names. `undefined` when there is no
 * name.
 *
 * @throws AgentError CONFIG_INVALID when the names have different programs
 */
export function configOfServer(configs: ReadonlyMap<string, AgentConfig>): AgentConfig | undefined {
  const [first, ...others] = configs;
  const other = first && others.find(([, { path }]) => path !== first[1].path);
  if (!other) return first?.[1];
  const message = `The agents ${first[0]} and ${other[0]} name different programs (agents.<name>.path), but agents of one data directory share one server.`;
  throw new AgentError(failure('CONFIG_INVALID', message), false);
}
