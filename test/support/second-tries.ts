/** A reporter that names the tests which passed only at their second try, with what failed the first. */
import type { Reporter, TestModule } from 'vitest/node';

export default class SecondTries implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()].map((test) => ({ module, test })));
    const flaky = tests.filter(({ test }) => test.diagnostic()?.flaky);
    if (flaky.length === 0) return;
    process.stdout.write(`\n${flaky.length} passed only at the second try. Find out why:\n`);
    for (const { module, test } of flaky) {
      const why = test.result().errors?.map(({ message, stack }) => `    ${message}\n    ${stack ?? ''}`) ?? [];
      process.stdout.write(`  ${module.relativeModuleId} > ${test.fullName}\n${why.join('\n')}\n`);
    }
  }
}
