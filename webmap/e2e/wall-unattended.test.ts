import { describe, expect, it } from 'vitest'
import { ask, base, cookieOf, get, shot, visit, withoutSharedWorker } from './harness.ts'

type Page = Awaited<ReturnType<typeof visit>>['page']

const DAY_MS = 86_400_000
const SHANGHAI_MS = 8 * 3_600_000
const dayOf = (at: number) => new Date(at + SHANGHAI_MS).toISOString().slice(0, 10)
const startOf = (day: string) => Date.parse(`${day}T00:00:00+08:00`)
const dateText = (day: string) =>
  new Intl.DateTimeFormat('zh-CN', { dateStyle: 'long', timeZone: 'Asia/Shanghai' }).format(startOf(day))

async function wallReady(page: Page) {
  await page.locator('.leaflet-tile-loaded').first().waitFor()
  await page.locator('.legend ol li').first().waitFor()
  await page.locator('.panel .count').first().waitFor()
}

const countOf = async (page: Page) =>
  Number((await page.locator('.panel .count').first().innerText()).replace(/\D/g, ''))

async function removeScene({ id, version }: { id: string; version: number }) {
  const headers = { Cookie: await cookieOf('demo-dispatcher'), 'If-Match': `"${version}"` }
  const response = await fetch(`${base}/api/v1/scenes/${id}`, { method: 'DELETE', headers })
  expect(response.ok, await response.text()).toBe(true)
}

describe('scenes that turn', () => {
  it('stay their time, wait a minute for whoever touches the page, and go on', async () => {
    const scene = (name: string, seconds: number) =>
      ask<{ id: string; version: number }>('POST', '/api/v1/scenes', {
        as: 'demo-dispatcher',
        body: { name, name_en: name, seconds, in_rotation: true, config: { layer: 'heat' } },
      })
    const made = [await scene('甲', 30), await scene('乙', 20)]
    const { page } = await visit('/wall?rotate=1', {
      size: 'full',
      as: 'demo-viewer',
      prepare: (page) => page.clock.install({ time: Date.now() }),
    })
    await wallReady(page)
    const name = page.locator('.summary strong')
    const shown = (wanted: string) => expect.poll(() => name.innerText()).toBe(wanted)
    await shown('甲')
    // From here on time passes only where it is told to.
    await page.clock.pauseAt(Date.now() + 60_000)
    await shown('乙')
    await page.clock.fastForward(18_000)
    expect(await name.innerText()).toBe('乙')
    await page.clock.fastForward(3_000)
    await shown('甲')
    await page.clock.fastForward(10_000)
    await page.locator('.date').click()
    await page.clock.fastForward(58_000)
    expect(await name.innerText()).toBe('甲')
    await page.clock.fastForward(3_000)
    await shown('乙')
    // A key holds as a touch does, and each for a minute of its own.
    await page.clock.fastForward(10_000)
    await page.keyboard.press('Shift')
    await page.clock.fastForward(40_000)
    await page.keyboard.press('Shift')
    await page.clock.fastForward(58_000)
    expect(await name.innerText()).toBe('乙')
    await page.clock.fastForward(3_000)
    await shown('甲')
    await page.clock.fastForward(28_000)
    expect(await name.innerText()).toBe('甲')
    await page.clock.fastForward(3_000)
    await shown('乙')
    await page.context().close()
    await Promise.all(made.map(removeScene))
  })
})

describe('the machine of a wall', () => {
  /** How often the page asked to keep the screen on, and what came of it. */
  const locks = (page: Page) => page.evaluate(() => (globalThis as unknown as { locks: string[] }).locks)
  const turn = (page: Page, to: 'hidden' | 'visible') =>
    page.evaluate((to) => {
      Object.defineProperty(document, 'visibilityState', { configurable: true, value: to })
      document.dispatchEvent(new Event('visibilitychange'))
    }, to)

  it('is kept awake, again after the page was hidden', async () => {
    const { page, complaints } = await visit('/wall', {
      as: 'demo-viewer',
      prepare: (page) =>
        page.addInitScript(() => {
          const locks: string[] = []
          Object.assign(globalThis, { locks })
          const { wakeLock } = navigator
          const request = wakeLock.request.bind(wakeLock)
          wakeLock.request = async (type) => {
            locks.push(`asked ${type}`)
            const lock = await request(type)
            locks.push(lock.released ? 'released' : 'held')
            return lock
          }
        }),
    })
    await wallReady(page)
    await expect.poll(() => locks(page)).toEqual(['asked screen', 'held'])
    await turn(page, 'hidden')
    await turn(page, 'visible')
    await expect.poll(() => locks(page)).toEqual(['asked screen', 'held', 'asked screen', 'held'])
    expect(complaints).toEqual([])
  })

  it.each([
    ['has no lock', () => Reflect.deleteProperty(Navigator.prototype, 'wakeLock')],
    [
      'refuses the lock',
      () => {
        navigator.wakeLock.request = () => Promise.reject(new DOMException('low battery', 'NotAllowedError'))
      },
    ],
  ])('may be one that %s: the wall says nothing of it', async (_, withhold) => {
    const { page, complaints } = await visit('/wall', {
      as: 'demo-viewer',
      prepare: (page) => page.addInitScript(withhold),
    })
    await wallReady(page)
    await turn(page, 'visible')
    expect(complaints).toEqual([])
  })

  it('shows nothing but the wall on request, by button and by key', async () => {
    const { page, complaints } = await visit('/wall', { as: 'demo-viewer' })
    await wallReady(page)
    const full = () => page.evaluate(() => document.fullscreenElement !== null)
    await page.getByRole('button', { name: '全屏', exact: true }).click()
    await expect.poll(full).toBe(true)
    const leave = page.getByRole('button', { name: '退出全屏' })
    await leave.waitFor()
    await page.locator('.date').click()
    await page.keyboard.press('f')
    await expect.poll(full).toBe(false)
    await leave.waitFor({ state: 'detached' })
    await page.keyboard.press('f')
    await expect.poll(full).toBe(true)
    await leave.click()
    await expect.poll(full).toBe(false)
    expect(complaints).toEqual([])
  })
})

describe('midnight', () => {
  it('begins a new day on a wall that nobody touches', async () => {
    const today = dayOf(Date.now())
    const midnight = startOf(today)
    const iso = (at: number) => new Date(at).toISOString()
    const counted = async (from: number, to?: number) => {
      const range = `from=${iso(from)}${to === undefined ? '' : `&to=${iso(to)}`}`
      return (await get<{ total: number }>(`/api/v1/counts?by=total&${range}`, 'demo-viewer')).total
    }
    const heatSince: (string | null)[] = []
    const { page, complaints } = await visit('/wall', {
      size: 'full',
      as: 'demo-viewer',
      async prepare(page) {
        await page.clock.install({ time: midnight - 120_000 })
        page.on('request', (request) => {
          const { pathname, searchParams } = new URL(request.url())
          if (pathname === '/tiles/heat.json') heatSince.push(searchParams.get('from'))
        })
      },
    })
    await wallReady(page)
    await page.getByText(dateText(dayOf(midnight - DAY_MS))).waitFor()
    expect(await countOf(page)).toBe(await counted(midnight - DAY_MS))
    expect(new Set(heatSince)).toEqual(new Set([iso(midnight - DAY_MS)]))
    await page.evaluate(() => Object.assign(globalThis, { sameDocument: true }))
    await page.clock.pauseAt(midnight - 1000)
    expect(await page.locator('time').first().innerText()).toBe('23:59:59')
    await page.clock.runFor(3000)
    await page.getByText(dateText(today)).waitFor()
    await expect.poll(() => countOf(page)).toBe(await counted(midnight))
    const before = page.locator('.than .figure')
    await expect.poll(() => before.innerText()).toBe(`${await counted(midnight - DAY_MS, midnight - DAY_MS + 2000)}`)
    await page.clock.resume()
    await expect.poll(() => heatSince.at(-1)).toBe(iso(midnight))
    expect(await page.evaluate(() => 'sameDocument' in globalThis)).toBe(true)
    await shot(page, 'wall-midnight')
    await page.getByRole('button', { name: '回放今天' }).click()
    await page.getByRole('button', { name: dateText(today) }).waitFor()
    expect(complaints).toEqual([])
  })
})

describe('a wall that hears nothing any more', () => {
  it('says so after ten seconds, not before, and goes on', async () => {
    const { page } = await visit('/wall', { size: 'full', as: 'demo-viewer', prepare: withoutSharedWorker })
    await wallReady(page)
    await page.locator('.live:not(.off)').waitFor()
    const began = Date.now()
    await page.context().setOffline(true)
    const banner = page.getByText('数据已停止更新')
    await banner.waitFor({ timeout: 40_000 })
    // The last beat may have come up to three seconds before.
    expect(Date.now() - began).toBeGreaterThan(6500)
    expect(await page.locator('.panel.old').count()).toBe(7)
    await shot(page, 'wall-offline')
    await page.context().setOffline(false)
    await banner.waitFor({ state: 'detached', timeout: 40_000 })
    await page.locator('.live:not(.off)').waitFor()
  })
})

describe('a replayed day', () => {
  const yesterday = dayOf(Date.now() - DAY_MS)
  const before = dayOf(Date.now() - 2 * DAY_MS)

  it('is written in the language of the page, and another is chosen', async () => {
    const { page, complaints } = await visit(`/wall?replay=${yesterday}&t=43200&paused=1`, {
      size: 'full',
      as: 'demo-viewer',
    })
    await wallReady(page)
    const shown = (day: string) => page.getByRole('button', { name: dateText(day) }).waitFor()
    await shown(yesterday)
    await page.getByRole('button', { name: '前一天' }).click()
    await shown(before)
    await page.getByRole('button', { name: '后一天' }).click()
    await shown(yesterday)
    await page.getByRole('button', { name: '后一天' }).click()
    await shown(dayOf(Date.now()))
    expect(await page.getByRole('button', { name: '后一天' }).isDisabled()).toBe(true)
    await page.getByLabel('选择回放日期').fill(before)
    await shown(before)
    await page.getByRole('button', { name: 'English' }).click()
    const english = new Intl.DateTimeFormat('en', { dateStyle: 'long', timeZone: 'Asia/Shanghai' })
    await page.getByRole('button', { name: english.format(startOf(before)) }).waitFor()
    expect(complaints).toEqual([])
  })

  it('tells of the whole day what it can, and says that progress is not replayed', async () => {
    const { page } = await visit(`/wall?replay=${yesterday}&t=43200&paused=1`, { size: 'full', as: 'demo-viewer' })
    await wallReady(page)
    const start = startOf(yesterday)
    const range = `from=${new Date(start).toISOString()}&to=${new Date(start + DAY_MS).toISOString()}`
    const { total } = await get<{ total: number }>(`/api/v1/counts?by=total&${range}`, 'demo-viewer')
    const others = page.locator('.others')
    expect(await others.locator('a').first().innerText()).toBe(`全天\n${total}`)
    expect(await others.locator('p').innerText()).toBe('办理进度\n回放不含')
  })

  it('keeps the bar under the pointer lit while the figures change', async () => {
    const { page } = await visit(`/wall?replay=${yesterday}&t=43200&paused=1`, { size: 'full', as: 'demo-viewer' })
    await wallReady(page)
    const bars = page.locator('.items .drawing svg path')
    const fills = () => bars.evaluateAll((all) => all.map((path) => path.getAttribute('fill')))
    const token = (name: string) =>
      page.evaluate((name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim(), name)
    const [plain, lit] = [await token('--data'), await token('--data-now')]
    const at = (await fills()).indexOf(plain)
    const first = bars.nth(at)
    await first.hover({ position: { x: 4, y: 4 }, force: true })
    await expect.poll(async () => (await fills()).filter((fill) => fill === lit).length).toBe(1)
    const drawn = () => page.locator('.items .drawing').innerHTML()
    const before = await drawn()
    await page.keyboard.press('Shift+ArrowRight')
    await expect.poll(drawn).not.toBe(before)
    expect((await fills()).filter((fill) => fill === lit)).toHaveLength(1)
    await page.locator('.date').hover()
    await expect.poll(fills).not.toContain(lit)
  })
})
