// A server of its own for what needs one: bin/jingwei on a free port of loopback, with a database in a temporary folder and the demo county.
import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))
const startLimitMs = 180_000
const stopLimitMs = 60_000
const LIMITS = ['REPORT', 'INTAKE', 'PHOTO', 'FOLLOW', 'LOGIN', 'SNAP', 'OTHER']

const after = (ms, value) => new Promise((resolve) => setTimeout(resolve, ms, value))

/**
 * Starts a server with so many demo incidents, runs work(url, env) against it and stops it; answers with what work does. Whatever asks
 * it comes from one address, and in a hurry: its limits are wide. When the code that work answers with is not 0, the server's last words
 * are printed.
 */
export async function withServer(incidents, work) {
  const folder = mkdtempSync(join(tmpdir(), 'jingwei-'))
  chmodSync(folder, 0o711) // as root, PostgreSQL runs as another user, who has to come in

  const env = { ...process.env, JINGWEI_LISTEN: '127.0.0.1:0', JINGWEI_DATA_DIR: join(folder, 'data') }
  for (const limit of LIMITS) env[`JINGWEI_LIMIT_${limit}`] = '10000/1ms'
  delete env.DATABASE_URL // incidents are reported, so it is never a database that somebody uses

  const server = spawn(
    join(root, 'bin/jingwei'),
    ['serve', '--demo', '--seed', '1', '--incidents', String(incidents)],
    {
      cwd: root,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
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

  // Ctrl-C reaches the server too; the work ends, and the folder is removed below.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => server.kill('SIGTERM'))
  try {
    const code = await work(await ready(), env)
    if (code !== 0) console.error(`the server's last words:\n${said.slice(-3000)}`)
    return code
  } catch (error) {
    console.error(error.message)
    return 1
  } finally {
    await stop()
  }
}
