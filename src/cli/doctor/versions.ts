/** Compares a version with the supported range. */
import { failure } from '../../contract/failures.js';
import { rangeOf, verdictOn, type Supported } from '../../host/supported-versions.js';
import { fine, wrong, type Finding } from './check.js';

/**
 * An older version is a problem, with the command that installs a newer one. A newer minor version
 * is a note.
 */
export function checkVersion(check: string, supported: Supported, version: string, detail = version): Finding {
  const said = `${supported.name} ${version}`;
  switch (verdictOn(supported, version)) {
    case 'fine':
      return fine(check, detail);
    case 'newer':
      return fine(check, detail, `${said} is newer than the versions that were tried (${rangeOf(supported)}).`);
    case 'unknown':
      return fine(check, detail, `${said} is not a version number (${rangeOf(supported)}).`);
    case 'older':
    case 'refused':
      return wrong(
        check,
        failure('SETUP_INCOMPLETE', `${said} is not supported (${rangeOf(supported)}).`, supported.mend),
      );
  }
}
