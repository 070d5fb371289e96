/** Records of a rollout as Codex 0.169.0 writes them, without what nothing of ours reads. */
const line = (type: string, payload: object) =>
  JSON.stringify({ timestamp: '2026-11-28T14:39:59.000Z', type, payload });
const event = (type: string, facts: object) => line('event_msg', { type, ...facts });
const item = (turn: string, payload: object, kinds?: string[]) =>
  line('response_item', {
    ...payload,
    internal_chat_message_metadata_passthrough: { turn_id: turn, ...(kinds && { content_item_kinds: kinds }) },
  });
const tokens = (count: number) => ({
  input_tokens: count,
  cached_input_tokens: 10,
  cache_write_input_tokens: 0,
  output_tokens: 5,
  reasoning_output_tokens: 2,
  total_tokens: count + 5,
});

export const started = (turn: string) => event('task_started', { turn_id: turn });
export const context = (turn: string) => line('turn_context', { turn_id: turn, cwd: '/work', model: 'scripted' });
export const asked = (turn: string, text: string) =>
  item(turn, { type: 'message', role: 'user', content: [{ type: 'input_text', text }] }, ['user.text']);
export const surroundings = (turn: string) =>
  item(turn, { type: 'message', role: 'user', content: [{ type: 'input_text', text: '<environment_context/>' }] }, [
    'environment_context',
  ]);
export const recorded = (turn: string, text: string, client_id: string | null) =>
  event('item_completed', {
    turn_id: turn,
    item: { type: 'UserMessage', client_id, content: [{ type: 'text', text }] },
  });
export const announced = (turn: string, id: string, text: string, phase?: string) =>
  event('item_completed', {
    turn_id: turn,
    item: { type: 'AgentMessage', id, content: [{ type: 'Text', text }], ...(phase && { phase }) },
  });
export const said = (turn: string, id: string, text: string) =>
  item(turn, { type: 'message', id, role: 'assistant', content: [{ type: 'output_text', text }] }, ['unknown']);
export const called = (turn: string, call: string) =>
  item(turn, { type: 'function_call', name: 'exec_command', arguments: '{"cmd":"npm test"}', call_id: call });
export const answered = (turn: string, call: string) =>
  item(turn, { type: 'function_call_output', call_id: call, output: 'ok' });
export const counted = (turn: string, count = 100) =>
  line('token_usage_record', {
    turn_id: turn,
    usage: tokens(count),
    turn_token_usage: tokens(count),
    thread_token_usage: tokens(count),
  });
export const complete = (turn: string) => event('task_complete', { turn_id: turn });
export const failed = (turn: string, info: unknown) =>
  event('task_complete', { turn_id: turn, error: { message: 'It failed.', codex_error_info: info } });
export const compacted = () => line('compacted', { message: 'So far.' });
export const aborted = (turn: string) => event('turn_aborted', { turn_id: turn, reason: 'interrupted' });

/** A whole turn, record by record. */
export const whole = (turn: string, text: string, key: string, answer: string) => [
  ...[
    started(turn),
    context(turn),
    surroundings(turn),
    asked(turn, text),
    recorded(turn, text, key),
    called(turn, `c-${turn}`),
    counted(turn),
    answered(turn, `c-${turn}`),
  ],
  ...[announced(turn, `m-${turn}`, answer), said(turn, `m-${turn}`, answer), counted(turn, 200), complete(turn)],
];
