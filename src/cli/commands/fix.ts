import { excerptOf } from '../../host/excerpt.js';
import { followUp } from '../follow-up.js';

/** 32 KiB, well below the limit of a prompt. */
const EXCERPT = { head: 4 * 1024, tail: 28 * 1024 };

export default followUp({
  name: 'fix',
  summary:
    'Sends `Fix: …` to the session that did the work, and waits for the reply. Never opens a new session.\nPrints the reply.',
  examples: [
    ['continuity fix auth "the email is not validated"', 'by topic'],
    ['npm test 2>&1 | continuity fix auth', 'the beginning and the end of a log'],
    ['continuity fix ses_… - < error.log', 'by session id'],
  ],
  shorten: (log) => excerptOf(log, EXCERPT),
});
