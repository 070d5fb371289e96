import type { Cancelled } from '../../contract/answers.js';
import { command } from '../args/command.js';
import { connected } from '../connect.js';

const EFFECTS: Record<Cancelled['effect'], string> = {
  stopping: 'is being stopped; the session stays usable',
  removed: 'was removed from the queue',
  already_ended: 'had already ended',
  nothing_running: 'Nothing is running.',
};

export default command({
  name: 'cancel',
  summary:
    'Stops the running turn of a topic, or removes a queued prompt.\nPrints what was cancelled. The session stays usable.',
  flags: { reason: { kind: 'text', value: 'WHY', help: 'The outcome repeats it.' } },
  args: [
    { name: 'topic', required: true },
    { name: 'prompt_id', required: false },
  ],
  examples: [
    ['continuity cancel auth', 'the running turn'],
    ['continuity cancel auth p-1f0c…', 'that prompt, running or queued'],
  ],
  async run({ flags, args, output }) {
    const cancelled = await connected(flags, ({ manager }) =>
      manager.cancel(args.topic, args.prompt_id, flags.reason === undefined ? {} : { reason: flags.reason }),
    );
    const { effect, prompt_id } = cancelled;
    output.answer(
      cancelled,
      effect === 'nothing_running' ? EFFECTS[effect] : `Prompt ${prompt_id} ${EFFECTS[effect]}.`,
    );
  },
});
