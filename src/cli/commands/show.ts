import { defined } from '../../contract/defined.js';
import { command } from '../args/command.js';
import { connected } from '../connect.js';
import { topicText } from '../terminal/topic-text.js';

export default command({
  name: 'show',
  summary:
    'Shows a topic.\nPrints its sessions, the running turn, the queue and the last outcomes, with a command for each.',
  flags: {},
  args: [{ name: 'topic', required: true }],
  examples: [
    ['continuity show auth', 'for people'],
    ['continuity show auth --json | jq -r .session_id', 'the session that the next prompt goes to'],
  ],
  async run({ flags, args, output }) {
    const { view, progress } = await connected(flags, async ({ manager }) => {
      const view = await manager.view(args.topic);
      return { view, progress: view.running ? await manager.progress(args.topic) : undefined };
    });
    const { shares_directory_with } = progress ?? {};
    const running = view.running && { ...view.running, ...defined({ shares_directory_with }) };
    output.answer({ ...view, ...defined({ running }) }, topicText(view, output, Date.now(), progress));
  },
});
