/**
 * What the scripted model does: pure. In the first turn it reads the files, one call each. A
 * follow-up reads one of them again, changes it, looks at the change, and answers. In a fresh
 * session it first reads again what it may not skip.
 */
export interface Case {
  files: number;
  /** 0: the first task. */
  followUp: number;
  /** Absent: in the session of the first task. Otherwise how much of the reading it can leave out, in percent. */
  skips?: number;
}

const LABEL = /^\[(\d+) files, follow-up (\d+)(?:, fresh, skips (\d+) %)?\]/;

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
const DONE =
  'I changed the one place where the error was taken for a final one. The caller tries again now, and the test that was red is green. Nothing else reads this value. '.repeat(
    2,
  );

export function promptOf({ files, followUp, skips }: Case): string {
  const label = `[${files} files, follow-up ${followUp}${skips === undefined ? '' : `, fresh, skips ${skips} %`}]`;
  if (followUp === 0) return `${label} ${TASK}`;
  return `${label} ${skips === undefined ? '' : `${BRIEF} `}${fix(followUp)}`;
}

/** The directives of the scripted model (`scripted/script.ts`). `''`: the prompt is none of the plan's. */
export function directivesFor(prompt: string, paths: readonly string[]): string {
  const [, files, followUp, skips] = LABEL.exec(prompt) ?? [];
  if (files === undefined) return '';
  const read = paths.slice(0, Number(files)).map((path) => `[[bash: cat ${path}]]`);
  if (Number(followUp) === 0) return [...read, `[[say: ${REPORT}]]`].join('\n');
  const path = paths[Number(followUp) % Number(files)] ?? '';
  const again = skips === undefined ? [] : read.slice(0, Math.ceil((read.length * (100 - Number(skips))) / 100));
  const work = [
    `[[bash: cat ${path}]]`,
    `[[bash: echo '// Fixed: ${followUp}' >> ${path}]]`,
    '[[bash: git diff --stat]]',
  ];
  return [...again, ...work, `[[say: ${DONE}]]`].join('\n');
}
