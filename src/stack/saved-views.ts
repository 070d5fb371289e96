/**
 * The list of topics in Temporal's Web UI. It keeps saved views in the browser; a link with `savedQuery` adds one (UI 2.54), so each link
 * need be opened once.
 */
const OPEN = '`WorkflowType`="topicSession" AND `ExecutionStatus`="Running"';

export const SAVED_VIEWS = [
  { name: 'Topics', query: OPEN },
  { name: 'Topics at work', query: `${OPEN} AND \`ContinuityState\`="running"` },
  { name: 'Topics that wait for a host', query: `${OPEN} AND \`ContinuityState\`="waiting"` },
  { name: 'Topics with nothing to do', query: `${OPEN} AND \`ContinuityState\`="idle"` },
] as const;

/** @param ui e.g. `http://localhost:8233` */
export function savedViewLinks(ui: string, namespace: string): { name: string; url: string }[] {
  return SAVED_VIEWS.map(({ name, query }) => ({ name, url: `${ui}/namespaces/${namespace}/workflows?${new URLSearchParams({ query, savedQuery: name }).toString()}` }));
}
