/** The workflow bundle's entry: what this exports is what a worker runs. */
export { topicSession } from './topic-session.js';
