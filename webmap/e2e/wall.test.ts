import { describe, expect, it } from 'vitest'
import { ask, axe, base, get, outage, quietMicro, shot, visit, withoutSharedWorker } from './harness.ts'

type Page = Awaited<ReturnType<typeof visit>>['page']

const DAY_MS = 86_400_000
const dayBefore = (days: number) => new Date(Date.now() + 8 * 3_600_000 - days * DAY_MS).toISOString().slice(0, 10)

/** Waits until the map and the figures are there. */
async function wallReady(page: Page) {
  await page.locator('.leaflet-tile-loaded').first().waitFor()
  await page.getByRole('progressbar').waitFor({ state: 'detached' })
  await page.locator('.count').first().waitFor()
  await page.locator('.legend ol li').first().waitFor()
}

const countOf = async (page: Page) =>
  Number((await page.locator('.panel .count').first().innerText()).replace(/\D/g, ''))

/** A worker's report that nobody thinks a person's. */
const report = (place: [number, number], more: object = {}) =>
  ask<{ id: string }>('POST', '/api/v1/incidents', {
    as: 'demo-dispatcher',
    body: { lon: place[0], lat: place[1], item: 'fire_hazard', channel: 'worker', title: '大屏测试', ...more },
  })

describe('the wall', () => {
  for (const size of ['full', 'wall'] as const) {
    it(`shows the same layout on ${size}`, async () => {
      const { page, complaints } = await visit('/wall', { size, as: 'demo-viewer' })
      await wallReady(page)
      const rem = await page.evaluate(() => Number.parseFloat(getComputedStyle(document.documentElement).fontSize))
      expect(rem).toBe(size === 'full' ? 16 : 32)
      const map = await page.locator('#map').boundingBox()
      const viewport = page.viewportSize()
      if (!map || !viewport) throw new Error('the map has no size')
      expect(map.width / viewport.width).toBeGreaterThan(0.5)
      expect(map.height / viewport.height).toBeGreaterThan(0.75)
      // Nothing scrolls: nobody is there to do it.
      expect(await page.evaluate(() => document.documentElement.scrollHeight - innerHeight)).toBeLessThanOrEqual(0)
      await page.waitForTimeout(1500)
      await shot(page, `wall-live-${size}`)
      const day = dayBefore(1)
      for (const [name, hour] of [
        ['morning', 8],
        ['noon', 12],
      ] as const) {
        await page.goto(`${base}/wall?replay=${day}&t=${hour * 3600}&paused=1`)
        await wallReady(page)
        await page
          .getByText(`${String(hour).padStart(2, '0')}:00:00`)
          .first()
          .waitFor()
        await page.waitForTimeout(1500)
        await shot(page, `wall-${name}-${size}`)
      }
      expect(complaints).toEqual([])
    })
  }

  it('counts and marks a report a moment after it was made, and leads to it', async () => {
    const place = (await quietMicro()).properties.label
    const { page, complaints } = await visit('/wall', { size: 'full', as: 'demo-viewer' })
    await wallReady(page)
    await page.locator('.live').waitFor()
    await page.waitForTimeout(1000)
    const before = await countOf(page)
    const made = await report(place, { title: '大屏上的新事件' })
    await page.getByText('大屏上的新事件').waitFor()
    await expect.poll(() => countOf(page)).toBeGreaterThan(before)
    await page.getByText('大屏上的新事件').click()
    const way = page.getByRole('link', { name: '查看事件', exact: true })
    await way.waitFor()
    expect(await way.getAttribute('href')).toBe(`/incidents?id=${made.id}`)
    await shot(page, 'wall-incident')
    expect(complaints).toEqual([])
  })

  it('plays a day again: figures follow the clock, forwards and back', async () => {
    const day = dayBefore(2)
    const start = Date.parse(`${day}T00:00:00+08:00`)
    const counted = async (hour: number) => {
      const range = `from=${new Date(start).toISOString()}&to=${new Date(start + hour * 3_600_000).toISOString()}`
      return (await get<{ count: number }>(`/api/v1/incidents/points?${range}`, 'demo-viewer')).count
    }
    const { page, complaints } = await visit(`/wall?replay=${day}&t=${9 * 3600}&paused=1`, { as: 'demo-viewer' })
    await wallReady(page)
    await expect.poll(() => countOf(page)).toBe(await counted(9))
    await page.keyboard.press('Shift+ArrowRight')
    await expect.poll(() => countOf(page)).toBe(await counted(10))
    await page.keyboard.press('Shift+ArrowLeft')
    await page.keyboard.press('Shift+ArrowLeft')
    await expect.poll(() => countOf(page)).toBe(await counted(8))
    await page.getByRole('combobox', { name: '播放速度' }).selectOption('600')
    await page.locator('output.time').click()
    await page.keyboard.press(' ')
    await expect.poll(() => countOf(page)).toBeGreaterThan(await counted(8))
    await page.keyboard.press(' ')
    const rested = await countOf(page)
    await page.waitForTimeout(700)
    expect(await countOf(page)).toBe(rested)
    // The figure leads to the incidents up to the replayed moment.
    const href = (await page.locator('.panel a.count').first().getAttribute('href')) ?? ''
    expect(href).toContain(`from=${encodeURIComponent(new Date(start).toISOString())}`)
    expect(href).toContain('&to=')
    await page.keyboard.press('Home')
    await expect.poll(() => countOf(page)).toBe(0)
    await page.keyboard.press('l')
    await page.locator('.live').waitFor()
    expect(complaints).toEqual([])
  })

  it('says of a day without incidents that it has none', async () => {
    const { page } = await visit('/wall?replay=1999-01-01&paused=1', { as: 'demo-viewer' })
    await page.getByText('当日没有事件').waitFor()
  })

  it('shows what its address says, and says it again', async () => {
    const { page } = await visit('/wall?layer=areas&period=7d&channel=hotline_12345&panels=today,ranking', {
      as: 'demo-viewer',
    })
    await wallReady(page)
    await page.getByText('每镇街件数').waitFor()
    expect(await page.locator('.panel').count()).toBe(2)
    const search = () => new URL(page.url()).searchParams
    await expect.poll(() => search().get('at')).toMatch(/^[\d.]+,[\d.]+,[\d.]+$/)
    expect(search().get('layer')).toBe('areas')
    expect(search().get('channel')).toBe('hotline_12345')
  })
})

describe('a wall whose data stop', () => {
  it('says so, large, within seconds, and goes on by itself', async () => {
    const counts = outage('**/api/v1/counts*')
    const events = outage('**/api/v1/events*')
    const { page } = await visit('/wall', {
      size: 'full',
      as: 'demo-viewer',
      async prepare(page) {
        await withoutSharedWorker(page)
        await counts.prepare(page)
        await events.prepare(page)
      },
    })
    const banner = page.getByText('数据已停止更新')
    await banner.waitFor()
    const size = await banner.evaluate((element) => Number.parseFloat(getComputedStyle(element).fontSize))
    expect(size).toBeGreaterThanOrEqual(40)
    await shot(page, 'wall-stale')
    counts.mend()
    events.mend()
    await banner.waitFor({ state: 'detached' })
    await wallReady(page)
  })

  it('says that the session has ended', async () => {
    const { page } = await visit('/wall', { as: 'demo-viewer' })
    await wallReady(page)
    await page.context().clearCookies()
    const ended = page.getByRole('alert').filter({ hasText: '登录已失效' })
    await ended.waitFor()
    const size = await ended.evaluate((element) => Number.parseFloat(getComputedStyle(element).fontSize))
    expect(size).toBeGreaterThanOrEqual(24)
    await page.getByRole('button', { name: '重新登录' }).waitFor()
    await shot(page, 'wall-ended')
  })
})

describe('who sees the wall', () => {
  it('is nobody who is not logged in', async () => {
    const { page } = await visit('/wall')
    await page.getByRole('link', { name: '登录' }).first().waitFor()
    expect(await page.locator('#map').count()).toBe(0)
  })

  it('sends a phone to the map', async () => {
    const { page } = await visit('/wall', { size: 'phone', as: 'demo-viewer' })
    await page.getByRole('link', { name: '打开网格地图' }).waitFor()
    expect(await axe(page)).toEqual([])
  })
})

describe('the wall for everybody', () => {
  it('has nothing that axe finds wrong, in both languages, live and in replay', async () => {
    const { page } = await visit('/wall', { size: 'full', as: 'demo-viewer' })
    await wallReady(page)
    expect(await axe(page)).toEqual([])
    await page.getByRole('button', { name: 'English' }).click()
    await page.getByText('Incidents per hexagon').waitFor()
    await page.keyboard.press('Home')
    await page.getByRole('slider', { name: 'Replayed moment' }).waitFor()
    expect(await axe(page)).toEqual([])
    await shot(page, 'wall-english')
  })
})
