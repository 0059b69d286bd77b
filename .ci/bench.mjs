// Runs the Go benchmarks, one package after the other, then those of the wall in a browser, and ends with a table of ratios and bars.
// Usage: node .ci/bench.mjs [--bench regexp] [--skip regexp] [--benchtime 1s] [package…]
// The imports of whole counties are left out unless --skip says otherwise: they take minutes, and no bar is set for them.
//
// A benchmark lands in the table by the metrics it reports (b.ReportMetric):
//   "×name"      a ratio to a baseline that was measured in the same run; a metric whose unit begins with "name-" is the baseline's figure
//   a metric with a bar in bars.json: {benchmark: "package Name/sub", metric, most or least}
// Exits non-zero when a benchmark fails, not when a bar is missed: that is for the reader of the table, who knows what else the machine did.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { root, withServer } from './server.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    bench: { type: 'string', default: '.' },
    skip: { type: 'string', default: '^BenchmarkImport$|^BenchmarkPublish$' },
    benchtime: { type: 'string', default: '1s' },
  },
})
const bars = JSON.parse(readFileSync(new URL('bars.json', import.meta.url), 'utf8'))
const packages = positionals.length > 0 ? positionals : ['./...']

/** Of each benchmark, by "package Name/sub": its metrics by unit, in the order of the output. */
const found = new Map()

/** Takes up a line of go test's output. */
function read(line, state) {
  const header = /^pkg: jingwei\/(.*)$/.exec(line)
  if (header) state.package = header[1]
  const match = /^Benchmark(\S+?)(?:-\d+)?\s+\d+\s+(.*)$/.exec(line)
  if (!match) return
  const metrics = {}
  for (const [, value, unit] of match[2].matchAll(/(\S+) (\S+)/g)) metrics[unit] = Number(value)
  found.set(`${state.package} ${match[1].replaceAll('_', ' ')}`, metrics)
}

/** Runs a program that prints benchmarks, reads them, and answers with its exit code. */
async function run(program, args) {
  const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise((resolve) => {
    child.once('error', () => resolve(1))
    child.once('exit', (code) => resolve(code ?? 1))
  })
  const state = { package: '' }
  for await (const line of createInterface({ input: child.stdout })) {
    if (!/no test files|^PASS$|^goos|^goarch|^cpu/.test(line)) console.log(line)
    read(line, state)
  }
  return ended
}

async function runAll() {
  const args = [
    'test',
    '-p',
    '1',
    '-run',
    '^$',
    '-bench',
    values.bench,
    '-skip',
    values.skip,
    '-benchtime',
    values.benchtime,
    '-timeout',
    '30m',
    ...packages,
  ]
  const code = await run('go', args)
  if (positionals.length > 0 || !new RegExp(values.bench).test('BenchmarkWall')) return code
  // With as many incidents as the browser tests have.
  const wall = await withServer(20_000, (url) => run('node', ['.ci/wall.mjs', url, '--only', 'frames']))
  return code || wall
}

const show = (value) =>
  value === undefined ? '' : String(value >= 100 ? Math.round(value) : Number(value.toPrecision(3)))

/** What is known of the baseline of a ratio, such as "3651 ns/point". */
function baseline(metrics, unit) {
  const name = unit.slice(1)
  return Object.entries(metrics)
    .filter(([other]) => other.startsWith(`${name}-`))
    .map(([other, value]) => `${show(value)} ${other.slice(name.length + 1)}`)
    .join(', ')
}

function verdict(bar, value) {
  if (value === undefined) return 'not measured'
  const met = 'most' in bar ? value <= bar.most : value >= bar.least
  return met ? 'met' : 'MISSED'
}

function rows() {
  const table = []
  for (const [benchmark, metrics] of found) {
    for (const [unit, value] of Object.entries(metrics)) {
      const bar = bars.find((b) => b.benchmark === benchmark && b.metric === unit)
      if (!bar && !unit.startsWith('×')) continue
      const limit = bar ? ('most' in bar ? `≤ ${bar.most}` : `≥ ${bar.least}`) : ''
      const base = unit.startsWith('×') ? baseline(metrics, unit) : ''
      table.push([benchmark, `${show(value)} ${unit}`, base, limit, bar ? verdict(bar, value) : ''])
    }
  }
  for (const bar of bars) {
    if (found.get(bar.benchmark)?.[bar.metric] === undefined) {
      table.push([bar.benchmark, bar.metric, '', 'most' in bar ? `≤ ${bar.most}` : `≥ ${bar.least}`, 'not measured'])
    }
  }
  return table
}

const code = await runAll()
const table = [['benchmark', 'measured', 'baseline', 'bar', ''], ...rows()]
const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)))
console.log()
for (const row of table)
  console.log(
    row
      .map((cell, column) => cell.padEnd(widths[column]))
      .join('  ')
      .trimEnd(),
  )
const missed = table.filter((row) => row[4] === 'MISSED').length
const open = table.filter((row) => row[4] === 'not measured').length
console.log(`\n${table.filter((row) => row[4] === 'met').length} bars met, ${missed} missed, ${open} not measured`)
process.exit(code) // timers of the server's start are still waiting
