/**
 * Saved views of the topics in Temporal's Web UI. The UI keeps saved views in the browser. A link
 * with `savedQuery` adds one (UI 2.54), so each link has to be opened only once.
 */
const OPEN = '`WorkflowType`="topicSession" AND `ExecutionStatus`="Running"';

export const SAVED_VIEWS = [
  { name: 'Topics', query: OPEN },
  { name: 'Topics at work', query: `${OPEN} AND \`ContinuityState\`="running"` },
  { name: 'Topics that wait for a host', query: `${OPEN} AND \`ContinuityState\`="waiting"` },
  { name: 'Topics with nothing to do', query: `${OPEN} AND \`ContinuityState\`="idle"` },
] as const;

/** @param ui for example `http://localhost:8233` */
export function savedViewLinks(ui: string, namespace: string): { name: string; url: string }[] {
  return SAVED_VIEWS.map(({ name, query }) => ({
    name,
    url: `${ui}/namespaces/${namespace}/workflows?${new URLSearchParams({ query, savedQuery: name }).toString()}`,
  }));
}
