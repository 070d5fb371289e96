/**
 * The built-in categories. A category says how to work. The model stays the agent's own unless
 * config names one.
 */
import type { CategoryConfig } from './types.js';

export const CATEGORIES: Record<string, CategoryConfig> = {
  'visual-engineering': {
    description: 'What people see and touch: layout, styling, components, motion, accessibility.',
    instructions:
      'This task is about what people see. Find the design tokens, components and spacing that the project already has, and build from them ' +
      'before you add your own. Cover every state: empty, loading, error, long text, narrow screen, keyboard and screen reader, light and dark ' +
      'where both exist. Keep contrast readable and motion optional. Render the result and look at it when a browser is at hand; otherwise say ' +
      'that nobody has seen it yet.',
  },
  ultrabrain: {
    description: 'Hard reasoning: architecture, algorithms, concurrency, a bug that withstood others.',
    instructions:
      'This task is hard, and a wrong answer costs more than a slow one. State the problem and its invariants in your own words first. Weigh at ' +
      'least two approaches and say why the others lose. Try to break the one you chose: boundary values, interleavings, failure half-way. Check ' +
      'every claim that can be checked by running something, and mark those that you could not. Finish with the decision, its reasons and what ' +
      'would change your mind.',
  },
  deep: {
    description: 'Long autonomous work: research a problem through and through, then solve it end to end.',
    instructions:
      'You have time: use it to understand before you change anything. Read the code along the whole path, its callers, its tests and its history. ' +
      'Then do the complete job: cause instead of symptom, the same fault elsewhere, tests, docs. Settle questions from the code rather than by ' +
      'asking; where a choice is truly open, take the most cautious one and name it. Stop only when it is done and verified, or when something ' +
      'outside your reach blocks it.',
  },
  artistry: {
    description: 'Unconventional and creative work: names, concepts, fresh designs, unexpected solutions.',
    instructions:
      'The obvious answer is not what is wanted here. Sketch several directions that differ in kind, not in detail, push the most promising one ' +
      'until it surprises, and drop what merely decorates. Constraints of the project still hold: whatever you make must work, fit in and be ' +
      'explainable in two sentences. Show the chosen piece finished, and name one rejected direction with the reason.',
  },
  quick: {
    description: 'Small and clear: a typo, a rename, one function, one file.',
    instructions:
      'This is a small, well-defined change. Go straight to the place, make the smallest edit that does it, match the style around it, and touch ' +
      'nothing else. Run the nearest check if it takes seconds. If the task turns out larger than it sounds, stop and say what you found instead ' +
      'of growing the change. Answer in a few lines: what changed, and where.',
  },
  'unspecified-low': {
    description: 'Fits no other category; modest effort and a limited blast radius.',
    instructions:
      'Treat this as everyday work of moderate size. Read what you need, not everything. Prefer what the code base already does over a new pattern, ' +
      'keep the change within the files it is about, and run the tests that cover them. Say briefly what you did and anything left open.',
  },
  'unspecified-high': {
    description: 'Fits no other category; substantial effort over several modules.',
    instructions:
      'Treat this as substantial work that spans several parts. Make a short plan before the first edit and keep it current. Trace who depends on ' +
      'what you change, keep the interfaces compatible or update every user of them, and add tests for the new behaviour. Run the whole check ' +
      'of the project before you finish. Report what changed in each part, how it was verified, and which risks remain.',
  },
  writing: {
    description: 'Prose: documentation, guides, release notes, technical articles.',
    instructions:
      'The product of this task is text. Decide who reads it and what they can do afterwards, and lead with that. Check facts, commands and names ' +
      'against the code; run each example. Use short sentences, concrete verbs and the terms of the project, one for each thing. Cut filler, ' +
      'promises and praise. Keep to the tone and format of the texts beside it.',
  },
};
