import { followUp } from '../follow-up.js';

export default followUp({
  name: 'also',
  summary:
    'Sends `Also: …` to a session, which knows all of its earlier work, and waits for the reply. Never opens a new session.\nPrints the reply.',
  examples: [
    ['continuity also auth "where is the token refreshed?"', 'by topic'],
    ['continuity also ses_… "add a test for it"', 'by session id'],
  ],
});
