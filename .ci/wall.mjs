// Measures the wall page in headless Chromium against a server with demo data: times between animation frames at full HD and 4K, how long
// after its POST an incident is shown (both also as lines of a Go benchmark, which bench.mjs reads), and the heap while events come and days are played again, in rounds of about four minutes. It posts reports: give it a server that nobody needs.
// Usage: node .ci/wall.mjs http://127.0.0.1:8080 [--only frames|heap] [--minutes 25] [--login demo-dispatcher] [--password …]
import { createRequire } from 'node:module'
import { parseArgs } from 'node:util'

const { chromium } = createRequire(new URL('../webmap/', import.meta.url))('playwright-core')
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    minutes: { type: 'string', default: '25' },
    login: { type: 'string', default: 'demo-dispatcher' },
    password: { type: 'string', default: 'Jingwei-Demo-2026' },
  },
})
const base = (positionals[0] ?? '').replace(/\/$/, '')
if (!base) throw new Error('give the address of a server, such as http://127.0.0.1:8080')

const SIZES = { '1080p': { width: 1920, height: 1080 }, '4K': { width: 3840, height: 2160 } }
const EVENTS_PER_S = 20
const MEASURED_MS = 10_000
/** Of the heap's rounds. */
const LIVE_MS = 60_000

const after = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
const answer = await fetch(`${base}/api/v1/session`, {
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify({ login: values.login, password: values.password }),
})
if (!answer.ok) throw new Error(`${values.login}: ${answer.status} ${await answer.text()}`)
const cookie = answer.headers.get('Set-Cookie').split(';')[0]
const [name, value] = cookie.split('=')
const yesterday = new Date(Date.now() + 8 * 3_600_000 - 86_400_000).toISOString().slice(0, 10)

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'],
})

async function open(path, viewport) {
  const context = await browser.newContext({ viewport, locale: 'zh-CN' })
  await context.addCookies([{ name, value, url: base, httpOnly: true, sameSite: 'Lax' }])
  const page = await context.newPage()
  await page.goto(base + path)
  await page.locator('.leaflet-tile-loaded').first().waitFor({ timeout: 60_000 })
  await page.locator('.legend ol li').first().waitFor({ timeout: 60_000 })
  await after(3000)
  return page
}

/** Milliseconds between animation frames while something goes on. */
async function frames(page, work) {
  await page.evaluate(() => {
    const times = []
    let last = performance.now()
    const next = (now) => {
      times.push(now - last)
      last = now
      globalThis.frame = requestAnimationFrame(next)
    }
    globalThis.times = times
    globalThis.frame = requestAnimationFrame(next)
  })
  await work()
  const times = await page.evaluate(() => {
    cancelAnimationFrame(globalThis.frame)
    return globalThis.times
  })
  times.sort((a, b) => a - b)
  const at = (share) => times[Math.min(times.length - 1, Math.floor(share * times.length))]
  return { frames: times.length, p50: at(0.5), p95: at(0.95), worst: times.at(-1) }
}

async function pan(page) {
  const box = await page.locator('#map').boundingBox()
  const end = Date.now() + MEASURED_MS
  const middle = { x: box.x + box.width / 2, y: box.y + box.height / 2 }
  for (let turn = 0; Date.now() < end; turn++) {
    await page.mouse.move(middle.x, middle.y)
    await page.mouse.down()
    const way = turn % 2 ? -1 : 1
    for (let step = 1; step <= 40 && Date.now() < end; step++) {
      await page.mouse.move(middle.x + (way * step * box.width) / 200, middle.y + (way * step * box.height) / 300)
    }
    await page.mouse.up()
  }
}

const { bounds } = await (await fetch(`${base}/api/v1/about`)).json()

/** Reports an incident somewhere in the middle of the county. */
function postReport(title) {
  const [west, south, east, north] = bounds
  return fetch(`${base}/api/v1/incidents`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Cookie: cookie },
    body: JSON.stringify({
      lon: west + (0.3 + 0.4 * Math.random()) * (east - west),
      lat: south + (0.3 + 0.4 * Math.random()) * (north - south),
      item: 'fire_hazard',
      channel: 'worker',
      title,
    }),
  })
}

async function postReports(milliseconds) {
  const start = Date.now()
  let sent = 0
  let refused = 0
  while (Date.now() - start < milliseconds) {
    if (sent >= ((Date.now() - start) / 1000) * EVENTS_PER_S) {
      await after(5)
      continue
    }
    sent++
    postReport(`wall ${sent}`).then(
      (posted) => {
        if (!posted.ok) refused++
      },
      () => refused++,
    )
  }
  return { sent, refused }
}

/** How long after the start of their POSTs incidents stand on the page, in milliseconds: p50 and p95 of 20, one after the other. */
async function shown(page) {
  await page.evaluate(() => {
    globalThis.shownAt = new Map()
    new MutationObserver(() => {
      for (const [, title] of document.body.innerText.matchAll(/(shown-\d+)/g)) {
        if (globalThis.shownAt.has(title)) continue
        globalThis.shownAt.set(title, 0)
        requestAnimationFrame(() => globalThis.shownAt.set(title, Date.now()))
      }
    }).observe(document.body, { childList: true, subtree: true, characterData: true })
  })
  const times = []
  for (let i = 1; i <= 20; i++) {
    const began = Date.now()
    await postReport(`shown-${i}`)
    const handle = await page.waitForFunction((title) => globalThis.shownAt.get(title), `shown-${i}`)
    times.push((await handle.jsonValue()) - began)
    await after(500)
  }
  times.sort((a, b) => a - b)
  return { p50: times[10], p95: times[18] }
}

const row = (...cells) =>
  console.log(cells.map((cell, i) => (i === 0 ? String(cell).padEnd(22) : String(cell).padStart(10))).join(''))
const ms = (time) => time.toFixed(1)

async function measureFrames() {
  console.log('Milliseconds between animation frames')
  row('', 'frames', 'p50', 'p95', 'worst')
  const lines = []
  for (const [size, viewport] of Object.entries(SIZES)) {
    const show = (what, found) => {
      row(`${size} ${what}`, found.frames ?? '', ms(found.p50), ms(found.p95), found.worst ? ms(found.worst) : '')
      lines.push(`BenchmarkWall/${size}_${what.replaceAll(' ', '_')} 1 ${ms(found.p50)} p50-ms ${ms(found.p95)} p95-ms`)
    }
    const live = await open('/wall', viewport)
    show('shown after POST', await shown(live))
    show('at rest', await frames(live, () => after(MEASURED_MS)))
    show('panning', await frames(live, () => pan(live)))
    let posted
    show(
      `${EVENTS_PER_S} events/s`,
      await frames(live, async () => {
        posted = await postReports(MEASURED_MS)
      }),
    )
    if (posted.refused > 0)
      console.log(`${posted.refused} of ${posted.sent} reports were refused: the server has to allow that many`)
    await live.context().close()
    const replay = await open(`/wall?replay=${yesterday}&t=25200&speed=600`, viewport)
    show('replay 600x', await frames(replay, () => after(MEASURED_MS)))
    await replay.context().close()
  }
  console.log(`\npkg: jingwei/webmap\n${lines.join('\n')}`)
}

async function measureHeap() {
  console.log('\nHeap after garbage collection, hour after hour: a minute of live events, then a day at 600x')
  row('minutes', 'replayed h', 'events', 'heap MB', 'nodes', 'listeners', 'detached')
  const page = await open('/wall', SIZES['1080p'])
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('Performance.enable')
  await cdp.send('DOM.enable')
  const heaps = []
  const began = Date.now()
  let events = 0
  /** Always of the same state of the page: live, at rest. */
  async function mark() {
    await after(5000)
    await cdp.send('HeapProfiler.collectGarbage')
    const { usedSize } = await cdp.send('Runtime.getHeapUsage')
    const { metrics } = await cdp.send('Performance.getMetrics')
    const { detachedNodes } = await cdp.send('DOM.getDetachedDomNodes')
    const metric = (wanted) => metrics.find(({ name }) => name === wanted)?.value ?? 0
    const minutes = ((Date.now() - began) / 60_000).toFixed(1)
    const megabytes = (usedSize / 1e6).toFixed(1)
    row(
      minutes,
      heaps.length * 24,
      events,
      megabytes,
      metric('Nodes'),
      metric('JSEventListeners'),
      detachedNodes.length,
    )
    heaps.push(usedSize)
  }
  await mark()
  while (Date.now() - began < Number(values.minutes) * 60_000) {
    events += (await postReports(LIVE_MS)).sent
    await page.keyboard.press('Home')
    await page.locator('select').selectOption('600')
    await page.locator('output.time').click()
    // At the end of the day the clock stands.
    await page.getByRole('button', { name: '播放', exact: true }).waitFor({ timeout: 600_000 })
    await page.keyboard.press('l')
    await mark()
  }
  if (heaps.length > 2) {
    const growth = ((heaps.at(-1) / heaps[1] - 1) * 100).toFixed(1)
    console.log(
      `From the first day to the last of ${heaps.length - 1}: ${growth} % (bar: 10 % from the first hour to the sixth)`,
    )
  }
}

if (values.only !== 'heap') await measureFrames()
if (values.only !== 'frames') await measureHeap()
await browser.close()
