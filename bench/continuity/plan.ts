/**
 * What the scripted model does: pure. In the first turn it reads the files, one call each. A
 * follow-up changes one of them, looks at the change, and answers. In a fresh session it first reads
 * what it may not skip, and in any case the file that it changes.
 *
 * A model that has read a file changes it without reading it again: the tools of Claude Code and of
 * OpenCode ask for one reading in a conversation. With `rereads`, it reads the file once more.
 */
export interface Case {
  files: number;
  /** 0: the first task. */
  followUp: number;
  /** Absent: in the session of the first task. Otherwise how much of the reading it can leave out, in percent. */
  skips?: number;
  rereads?: true;
}

const LABEL = /^\[(\d+) files, follow-up (\d+)(?:, fresh, skips (\d+) %)?(, rereads)?\]/;

const TASK =
  'Review how this part of the project handles errors that may pass. Read the files first, and write down each finding with its file, what can go wrong, and what you would change.';
const fix = (n: number) =>
  `Fix: finding ${n} of your review. Keep the change small, and say what you changed and why it is enough.`;
const BRIEF =
  'Another agent has reviewed how this part of the project handles errors that may pass, and wrote down findings. Some are fixed, as the git log tells. You have not seen the review, so read the files first.';
const REPORT =
  'I have read the files. Errors that may pass are told from others at one place, and most callers keep to it. What I found is below, with the file, what can go wrong, and what I would change. '.repeat(
    8,
  );
/** The last answer of a follow-up. */
export const DONE =
  'I changed the one place where the error was taken for a final one. The caller tries again now, and the test that was red is green. Nothing else reads this value. '.repeat(
    2,
  );

export function promptOf({ files, followUp, skips, rereads }: Case): string {
  const fresh = skips === undefined ? '' : `, fresh, skips ${skips} %`;
  const label = `[${files} files, follow-up ${followUp}${fresh}${rereads ? ', rereads' : ''}]`;
  if (followUp === 0) return `${label} ${TASK}`;
  return `${label} ${skips === undefined ? '' : `${BRIEF} `}${fix(followUp)}`;
}

/** The directives of the scripted model (`scripted/script.ts`). `''`: the prompt is none of the plan's. */
export function directivesFor(prompt: string, paths: readonly string[]): string {
  const [, files, followUp, skips, rereads] = LABEL.exec(prompt) ?? [];
  if (files === undefined) return '';
  const read = (path: string) => `[[bash: cat ${path}]]`;
  const mine = paths.slice(0, Number(files));
  if (Number(followUp) === 0) return [...mine.map(read), `[[say: ${REPORT}]]`].join('\n');
  const path = mine[Number(followUp) % Number(files)] ?? '';
  const again = skips === undefined ? [] : mine.slice(0, Math.ceil((mine.length * (100 - Number(skips))) / 100));
  const isUnread = skips !== undefined && !again.includes(path);
  const work = [`[[bash: echo '// Fixed: ${followUp}' >> ${path}]]`, '[[bash: git diff --stat]]'];
  return [
    ...[...again, ...(isUnread || rereads !== undefined ? [path] : [])].map(read),
    ...work,
    `[[say: ${DONE}]]`,
  ].join('\n');
}
