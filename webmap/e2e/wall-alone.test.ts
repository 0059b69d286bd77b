import { describe, expect, it } from 'vitest'
import { shot, visit, withoutSharedWorker } from './harness.ts'

type Page = Awaited<ReturnType<typeof visit>>['page']

const MINUTE_MS = 60_000

async function wallReady(page: Page) {
  await page.locator('.leaflet-tile-loaded').first().waitFor()
  await page.locator('.legend ol li').first().waitFor()
}

/** Clocks of the page that run, and can be moved on. */
const ownClock = (page: Page) => page.clock.install({ time: Date.now() })

describe('a wall with nobody before it', () => {
  it('says of what it asks by itself that nobody did', async () => {
    const asked = new Map<string, { marked: boolean; search: string }[]>()
    const { page } = await visit('/wall', {
      as: 'demo-dispatcher',
      async prepare(page) {
        await withoutSharedWorker(page)
        page.on('request', (request) => {
          const { pathname, search } = new URL(request.url())
          const kind = pathname.replace(/\/\d+\/\d+\/\d+\.mvt$/, '')
          const marked = request.headers()['jingwei-unattended'] === '1'
          asked.set(kind, [...(asked.get(kind) ?? []), { marked, search }])
        })
      },
    })
    await wallReady(page)
    await page.getByText('将于').waitFor()
    const kinds = [
      '/api/v1/events',
      '/api/v1/counts',
      '/api/v1/counts/series',
      '/api/v1/review/summary',
      '/api/v1/scenes',
    ]
    for (const kind of [...kinds, '/tiles/heat', '/tiles/heat.json']) {
      expect([kind, asked.get(kind)?.map(({ marked }) => marked)]).toEqual([kind, asked.get(kind)?.map(() => true)])
      expect([kind, asked.has(kind)]).toEqual([kind, true])
    }
    expect(asked.get('/api/v1/events')?.[0]?.search).toBe('?wall=true')
    // To open the page was the work of a hand.
    expect(asked.get('/api/v1/session')?.[0]?.marked).toBe(false)
    asked.clear()
    await page.locator('.panel .stream a, .panel ol a').first().click()
    await page.locator('.card').waitFor()
    expect(
      [...asked].filter(([kind, all]) => kind.startsWith('/api/') && all.some(({ marked }) => !marked)),
    ).not.toEqual([])
  })

  it('says when its session ends, and larger in the last minutes', async () => {
    const { page, complaints } = await visit('/wall', { size: 'full', as: 'demo-dispatcher', prepare: ownClock })
    await wallReady(page)
    const line = page.getByRole('status').filter({ hasText: /将于 \d\d:\d\d 退出/ })
    await line.waitFor()
    const sizeOf = () => line.evaluate((element) => Number.parseFloat(getComputedStyle(element).fontSize))
    expect(await sizeOf()).toBeLessThan(20)
    await shot(page, 'wall-ends')
    await page.clock.fastForward(26 * MINUTE_MS)
    await expect.poll(sizeOf).toBeGreaterThan(32)
    await shot(page, 'wall-ends-soon')
    await line.getByRole('button', { name: '重新登录' }).click()
    await page.getByRole('dialog').waitFor()
    expect(complaints).toEqual([])
  })
})
