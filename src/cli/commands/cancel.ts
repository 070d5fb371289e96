import type { Cancelled } from '../../contract/types.js';
import { command } from '../command.js';
import { connected } from '../connect.js';

const EFFECTS: Record<Cancelled['effect'], string> = {
  stopping: 'is being stopped; the session stays usable',
  removed: 'was taken out of the queue',
  already_ended: 'had ended already',
  nothing_running: 'Nothing is running.',
};

export default command({
  name: 'cancel',
  summary: 'Stops the running turn of a topic, or takes a queued prompt out.',
  flags: { reason: { kind: 'text', value: 'WHY', help: 'Stands in the outcome.' } },
  args: [
    { name: 'topic', required: true },
    { name: 'prompt_id', required: false },
  ],
  examples: [
    ['continuity cancel auth', 'the turn that is running'],
    ['continuity cancel auth p-1f0c…', 'that prompt, running or queued'],
  ],
  async run({ flags, args, output }) {
    const cancelled = await connected(flags, ({ manager }) => manager.cancel(args.topic, args.prompt_id, flags.reason === undefined ? {} : { reason: flags.reason }));
    const { effect, prompt_id } = cancelled;
    output.answer(cancelled, effect === 'nothing_running' ? EFFECTS[effect] : `Prompt ${prompt_id} ${EFFECTS[effect]}.`);
  },
});
