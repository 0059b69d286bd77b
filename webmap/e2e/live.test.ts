import { beforeAll, describe, expect, it } from 'vitest'
import { appears, base, cookieOf, mapReady, quietMicro, shot, visit, withoutSharedWorker } from './harness.ts'

let place: [number, number]

beforeAll(async () => {
  place = (await quietMicro()).properties.label
})

describe('live incidents', () => {
  it('are on everybody’s map a moment after the report', async () => {
    const address = `/#at=${place.join(',')},16`
    const watcher = await visit(address, { as: 'demo-viewer' })
    await mapReady(watcher.page)
    await watcher.page.getByText('实时', { exact: true }).waitFor()
    await watcher.page.locator('.feed li').first().waitFor()

    const { page, complaints } = await visit(`${address}&pin=${place.join(',')}`, { as: 'demo-dispatcher' })
    await mapReady(page)
    await page.getByRole('button', { name: '在此上报' }).click()
    // The form says what is missing.
    await page.getByRole('button', { name: '上报', exact: true }).click()
    await page.getByText('请先选择事项').waitFor()
    await page.getByRole('combobox', { name: '清单事项' }).selectOption({ label: '火灾与消防隐患' })
    await page.getByRole('textbox', { name: '标题' }).fill('楼道堆放纸箱')
    await page.getByRole('textbox', { name: '情况说明' }).fill('三号楼二单元')
    await page.getByRole('combobox', { name: '来源' }).selectOption({ label: '网格员' })
    await page.getByRole('button', { name: '上报', exact: true }).click()
    const first = watcher.page.locator('.feed li.fresh').first()
    await first.getByText('火灾与消防隐患').waitFor()
    await shot(watcher.page, 'live')

    await page.getByRole('button', { name: '我已记下' }).click()
    await page.getByText('已收到，已归入').waitFor()
    await page.getByRole('button', { name: '查看事件' }).click()
    const card = page.getByRole('region', { name: '事件' })
    await card.getByText('楼道堆放纸箱').waitFor()
    await card.getByText('三号楼二单元').waitFor()
    await card.getByText('网格员').waitFor()
    expect(page.url()).toContain('incident=')

    // The other person opens it from the list.
    await first.getByRole('button').click()
    await watcher.page.getByRole('region', { name: '事件' }).getByText('楼道堆放纸箱').waitFor()
    expect([...complaints, ...watcher.complaints]).toEqual([])
  })

  it('open by a click on the map', async () => {
    const { page } = await visit('/', { as: 'demo-dispatcher' })
    await mapReady(page)
    await page.locator('.feed button').first().click()
    await page.getByRole('region', { name: '事件' }).locator('.subject').waitFor()
    const subject = await page.locator('.subject').textContent()
    await page.getByRole('button', { name: '关闭' }).click()
    const [lon, lat] = await page.evaluate(async () => {
      const { items } = await (await fetch('/api/v1/incidents?limit=1')).json()
      return [items[0].lon, items[0].lat] as [number, number]
    })
    const box = await page.locator('#map').boundingBox()
    if (!box) throw new Error('the map has no size')
    const y = (degrees: number) => {
      const sin = Math.sin((degrees * Math.PI) / 180)
      return 0.5 - Math.log((1 + sin) / (1 - sin)) / (4 * Math.PI)
    }
    // The map is flown there: its own address says where its middle is, once it has come.
    await expect
      .poll(async () => {
        const [, midLon, midLat, zoom] = /at=([\d.]+),([\d.]+),([\d.]+)/.exec(page.url())?.map(Number) ?? []
        if (midLon === undefined || midLat === undefined || zoom === undefined) return false
        const world = 256 * 2 ** zoom
        await page.mouse.click(
          box.x + box.width / 2 + ((lon - midLon) / 360) * world,
          box.y + box.height / 2 + (y(lat) - y(midLat)) * world,
        )
        return appears(page.locator('.subject'))
      })
      .toBe(true)
    expect(subject).not.toBe('')
  })
})

describe('a new edition', () => {
  it('is fetched without reloading the page', async () => {
    let published = false
    const asked: string[] = []
    const { page, complaints } = await visit(`/#at=${place.join(',')},15&pin=${place.join(',')}`, {
      async prepare(page) {
        page.on('requestfinished', (request) => asked.push(request.url()))
        await withoutSharedWorker(page)
        await page.route('**/tiles/areas.json', async (route) => {
          const response = await route.fetch()
          const text = await response.text()
          return route.fulfill({ response, body: published ? text.replace(/edition=\d+/, 'edition=999') : text })
        })
        await page.route('**/api/v1/events', async (route) => {
          if (published) return route.continue()
          await page.locator('.chain').waitFor()
          published = true
          return route.fulfill({
            contentType: 'text/event-stream',
            body: 'id: 1\nevent: edition.published\ndata: {"number":999}\n\n',
          })
        })
      },
    })
    await expect.poll(() => asked.some((url) => url.includes('.mvt?edition=999&'))).toBe(true)
    await expect.poll(() => asked.filter((url) => url.includes('/api/v1/snap?')).length).toBeGreaterThan(1)
    await mapReady(page)
    expect(complaints).toEqual([])
  })
})

describe('the live stream', () => {
  it('is one for all tabs of a browser', async () => {
    const { page } = await visit('/')
    await page.getByText('实时', { exact: true }).waitFor()
    const before = await subscribers()
    const second = await page.context().newPage()
    await second.goto(page.url())
    await second.getByText('实时', { exact: true }).waitFor()
    expect(await subscribers()).toBe(before)
  })

  it('says that the data is stale when it is down, and mends itself', async () => {
    let down = false
    const { page } = await visit('/', {
      async prepare(page) {
        await withoutSharedWorker(page)
        await page.route('**/api/v1/events', async (route) => {
          if (down) return route.abort()
          // An answer that ends: the stream is lost right after it was live.
          down = true
          return route.fulfill({ contentType: 'text/event-stream', body: 'id: 1\nevent: hello\ndata: {}\n\n' })
        })
      },
    })
    await page.getByText('连接中断').waitFor()
    await page.getByText('数据可能已过时').waitFor()
    await shot(page, 'stale')
    await page.unroute('**/api/v1/events')
    await page.getByText('实时', { exact: true }).waitFor()
    await page.getByText('数据可能已过时').waitFor({ state: 'detached' })
  })
})

async function subscribers(): Promise<number> {
  const response = await fetch(`${base}/metrics`, { headers: { Cookie: await cookieOf('demo-system') } })
  return Number(/^jingwei_live_subscribers (\d+)/m.exec(await response.text())?.[1])
}
