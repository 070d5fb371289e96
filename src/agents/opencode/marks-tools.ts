/**
 * A plugin of OpenCode: it marks each process that a tool starts with the session that has called
 * the tool. OpenCode loads it by itself, so it imports nothing.
 */
interface Shell {
  sessionID?: string;
}

export const MarksTools = () =>
  Promise.resolve({
    'shell.env': ({ sessionID }: Shell, { env }: { env: Record<string, string> }) => {
      if (sessionID !== undefined) env['CONTINUITY_SESSION'] = sessionID;
      return Promise.resolve();
    },
  });
