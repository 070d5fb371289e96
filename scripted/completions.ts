/** Answers as OpenAI's chat completions do. */
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { piecesOf, textOf, tokensOf, type ChatMessage, type Step } from './script.js';

export async function answerCompletions(
  response: ServerResponse,
  chat: { model: string; messages: ChatMessage[]; stream?: boolean },
  step: Step,
  call: number,
  gone: AbortSignal,
): Promise<number> {
  const calls = step.call && [step.call, ...(step.also ?? [])];
  const tool_calls = calls?.map(({ name, arguments: input }, index) => ({
    index,
    id: index === 0 ? `call_${call}` : `call_${call}_${index}`,
    type: 'function',
    function: { name, arguments: JSON.stringify(input) },
  }));
  const prompt_tokens = tokensOf(chat.messages.reduce((sum, message) => sum + textOf(message).length, 0));
  const completion_tokens = tokensOf((step.text + JSON.stringify(step.call ?? '')).length);
  const usage = { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens };
  const head = { id: `scripted-${call}`, created: 0, model: chat.model };
  if (!chat.stream) {
    const message = { role: 'assistant', content: step.text || null, ...(tool_calls && { tool_calls }) };
    send(response, 200, {
      ...head,
      object: 'chat.completion',
      choices: [{ index: 0, message, finish_reason: step.finish }],
      usage,
    });
    return usage.total_tokens;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const chunk = (delta: object, finish_reason: string | null = null) =>
    response.write(
      `data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason }] })}\n\n`,
    );
  chunk({ role: 'assistant', content: '' });
  const words = piecesOf(step.text);
  for (const word of words) {
    if (step.streamMs) await sleep(step.streamMs / words.length, undefined, { signal: gone });
    chunk({ content: word });
  }
  if (tool_calls) chunk({ tool_calls });
  chunk({}, step.finish);
  response.write(`data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', choices: [], usage })}\n\n`);
  response.end('data: [DONE]\n\n');
  return usage.total_tokens;
}

export function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
