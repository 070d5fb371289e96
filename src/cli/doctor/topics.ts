/**
 * Checks whether topics fail their workflow tasks. Such a topic answers no call, even when
 * everything else works.
 */
import type { Client } from '@temporalio/client';
import { topicSession } from '../../contract/messages.js';
import { problemIn } from '../../client/topic-problem.js';
import { fine, wrong, type Finding } from './check.js';

const FAILING = `WorkflowType = '${topicSession}' AND ExecutionStatus = 'Running' AND TemporalReportedProblems IS NOT NULL`;
const MOST_NAMED = 5;

export async function checkTopics(client: Client): Promise<Finding[]> {
  const findings: Finding[] = [];
  try {
    for await (const execution of client.workflow.list({ query: FAILING, pageSize: MOST_NAMED })) {
      const problem = problemIn(execution);
      if (problem) findings.push(wrong('topics', problem));
      if (findings.length === MOST_NAMED) break;
    }
  } catch {
    return [fine('topics', 'this server does not say which topics fail (Temporal 1.29 and later do)')];
  }
  return findings.length > 0 ? findings : [fine('topics', 'none fails its workflow task')];
}
