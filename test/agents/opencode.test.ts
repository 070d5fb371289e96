import { describeAgentConformance } from './conformance.js';
import { openCodeUnderTest } from './opencode-under-test.js';

describeAgentConformance('OpenCode', openCodeUnderTest);
