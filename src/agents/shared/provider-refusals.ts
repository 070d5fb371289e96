/**
 * Recognises refusals that a provider would repeat for ever because of the session's content: the
 * next prompt sends the same conversation again. Providers have no code for them (all are "invalid
 * request"), so their texts are matched. Agents recognise a full context in the same way. A refusal
 * that is missed here is MODEL_FAILED, which loses nothing. So these are whole phrases, not
 * guesses.
 */
const REFUSALS: readonly RegExp[] = [
  // A tool call without its result, or a result without its call. A kill or an abort came between
  // the two.
  /tool_use`? ids were found without `?tool_result/i, // Anthropic
  /unexpected `?tool_use_id`? found in `?tool_result/i, // Anthropic
  /`?tool_use`? ids must be unique/i, // Anthropic
  /expected toolResult blocks at messages/i, // Bedrock
  // OpenAI, and providers with its API
  /assistant message with '?tool_calls'? must be followed by tool messages/i,
  /messages with role '?tool'? must be a response to a prece/i, // OpenAI, which spells it "preceeding"
  /no tool (output|call) found for [\w ]*call/i, // OpenAI, responses
  /number of function response parts is equal to the number of function call parts/i, // Gemini
  /function call turn comes immediately after a user turn/i, // Gemini
  // A message without content.
  /\bmessages\S*: text content blocks must (be non-empty|contain non-whitespace text)/i, // Anthropic
  /\bmessages\S*: (all|user|assistant) messages must have non-empty content/i, // Anthropic
  /content field in the Message object at messages\S* is empty/i, // Bedrock
  // Thinking that differs from what the model returned.
  /thinking`? (or `?redacted_thinking`? )?blocks in the latest assistant message cannot be modified/i, // Anthropic
  /invalid `?signature`? in `?thinking`? block/i, // Anthropic
  /expected `?thinking`? or `?redacted_thinking`?, but found/i, // Anthropic
  /of type '?reasoning'? was provided without its required following item/i, // OpenAI, responses
  /was provided without its required '?reasoning'? item/i, // OpenAI, responses
  /function call is missing a `?thought_signature/i, // Gemini
];

/**
 * `said`: the message of the error, and the body of the answer if there is one, because a gateway
 * can leave the text out of the message.
 */
export function isCorruption(statusCode: number | undefined, said: readonly string[]): boolean {
  if (statusCode !== undefined && statusCode !== 400) return false;
  return said.some((text) => REFUSALS.some((refusal) => refusal.test(text)));
}
