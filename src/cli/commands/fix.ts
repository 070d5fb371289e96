import { tellingPart } from '../../client/telling-part.js';
import { followUp } from '../follow-up.js';

export default followUp({
  name: 'fix',
  summary: 'Tells the session that did it what is wrong (`Fix: …`), and waits for the reply. Never opens a new session.',
  examples: [
    ['continuity fix auth "the email is not validated"', 'by topic'],
    ['npm test 2>&1 | continuity fix auth', 'the telling part of a log'],
    ['continuity fix ses_… - < error.log', 'by session id'],
  ],
  shorten: tellingPart,
});
