// Starts bin/jingwei on a free port with a database of its own in a temporary folder and a small demo county, runs the browser tests
// of webmap/e2e against it, and stops it. Arguments go to vitest. Usage: node .ci/e2e.mjs [-t "name of a test"]
import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const startLimitMs = 180_000
const stopLimitMs = 60_000

const folder = mkdtempSync(join(tmpdir(), 'jingwei-e2e-'))
chmodSync(folder, 0o711) // as root, PostgreSQL runs as another user, who has to come in

const env = { ...process.env, JINGWEI_LISTEN: '127.0.0.1:0', JINGWEI_DATA_DIR: join(folder, 'data') }
// All tests come from one address, and in a hurry.
for (const limit of ['REPORT', 'PHOTO', 'FOLLOW', 'LOGIN', 'SNAP', 'OTHER']) env[`JINGWEI_LIMIT_${limit}`] = '10000/1ms'
delete env.DATABASE_URL // the tests report incidents, so they never get a database that somebody uses

const server = spawn(join(root, 'bin/jingwei'), ['serve', '--demo', '--seed', '1', '--incidents', '20000'], {
  cwd: root,
  env,
  stdio: ['ignore', 'pipe', 'pipe'],
})
let said = ''
let running = true
const ended = new Promise((resolve) => {
  const end = (how) => {
    running = false
    resolve(how)
  }
  server.once('error', (error) => end(error.message))
  server.once('exit', (code, signal) => end(`exit ${signal ?? code}`))
})

/** The address that the server prints once it answers. */
const address = new Promise((resolve) => {
  const listen = (chunk) => {
    said = (said + chunk).slice(-20_000)
    const match = /ready: (http:\/\/\S+)/.exec(said)
    if (match) resolve(match[1])
  }
  server.stdout.on('data', listen)
  server.stderr.on('data', listen)
})

const after = (ms, value) => new Promise((resolve) => setTimeout(resolve, ms, value))

async function ready() {
  const limit = Date.now() + startLimitMs
  const url = await Promise.race([address, ended.then(() => undefined), after(startLimitMs)])
  while (url && running && Date.now() < limit) {
    const response = await fetch(`${url}/readyz`).catch(() => undefined)
    if (response?.ok) return url
    await after(100)
  }
  throw new Error(`the server did not get ready:\n${said}`)
}

/** vitest's exit code. */
function tests(url) {
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

async function stop() {
  server.kill('SIGTERM')
  const patience = setTimeout(() => {
    console.error('the server does not stop')
    server.kill('SIGKILL')
  }, stopLimitMs)
  await ended
  clearTimeout(patience)
  rmSync(folder, { recursive: true, force: true })
}

// Ctrl-C reaches the server too; the tests end, and the folder is removed below.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => server.kill('SIGTERM'))

try {
  const url = await ready()
  const code = await tests(url)
  if (code !== 0) console.error(`the server's last words:\n${said.slice(-3000)}`)
  process.exitCode = code
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
} finally {
  await stop()
}
process.exit() // timers of the start are still waiting
