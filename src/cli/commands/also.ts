import { followUp } from '../follow-up.js';

export default followUp({
  name: 'also',
  summary: 'Asks the session something more (`Also: …`), with all that it knows, and waits for the reply. Never opens a new session.',
  examples: [
    ['continuity also auth "where is the token refreshed?"', 'by topic'],
    ['continuity also ses_… "add a test for it"', 'by session id'],
  ],
});
