import { randomUUID } from 'node:crypto';
import type { PromptId } from '../contract/ids.js';

export function newPromptId(): PromptId {
  return `p-${randomUUID()}` as PromptId;
}
