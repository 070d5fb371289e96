/**
 * Answers Codex's requests. Codex waits until a client answers, so every request is denied at once.
 * The model gets the denial and goes on; `cancel` would stop its turn. With the approval policy
 * `never`, Codex asks only for tools of MCP servers.
 */
const NO: Partial<Record<string, object>> = {
  'item/commandExecution/requestApproval': { decision: 'decline' },
  'item/fileChange/requestApproval': { decision: 'decline' },
  'item/permissions/requestApproval': { permissions: {}, scope: 'turn' },
  'item/tool/requestUserInput': { answers: {} },
  'mcpServer/elicitation/request': { action: 'decline', content: null, _meta: null },
};

export function answerTo(method: string): { result: object } | { error: { code: number; message: string } } {
  const result = NO[method];
  return result ? { result } : { error: { code: -32601, message: `session-continuity does not answer ${method}.` } };
}
