/**
 * A model provider that answers like an engineer at work. It is `scripted/model.ts`, and what
 * `engineer.ts` makes of a conversation is added to the conversation's last prompt. So prompts need
 * no directives. Run as a process, it prints its base URL:
 *
 *   tsx examples/stage/engineer-model.ts
 */
import { pathToFileURL } from 'node:url';
import { startScriptedModel, type ScriptedModel } from '../../scripted/model.js';
import { scriptOf } from './engineer.js';

export const startEngineer = (): Promise<ScriptedModel> => startScriptedModel({ direct: scriptOf });

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href)
  process.stdout.write(`${(await startEngineer()).url}\n`);
