/** The entry of the workflow bundle. A worker runs the workflows that this file exports. */
export { topicSession } from './topic-session.js';
export { turnReply } from './turn-reply.js';
