// Runs the browser tests of webmap/e2e against a server and a database of their own. Arguments go to vitest.
// Usage: node .ci/e2e.mjs [-t "name of a test"]
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { root, withServer } from './server.mjs'

/** vitest's exit code. */
function tests(url, env) {
  const runner = spawn('npm', ['run', '--silent', 'e2e', '--', ...process.argv.slice(2)], {
    cwd: join(root, 'webmap'),
    env: { ...env, JINGWEI_E2E_URL: url },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  return new Promise((resolve) => {
    runner.once('error', (error) => {
      console.error(error.message)
      resolve(1)
    })
    runner.once('exit', (code) => resolve(code ?? 1))
  })
}

process.exit(await withServer(20_000, tests)) // timers of the start are still waiting
