import { beforeAll, describe, expect, it } from 'vitest'
import {
  axe,
  base,
  clickMiddle,
  type Feature,
  get,
  mapReady,
  outage,
  quietMicro,
  SIZES,
  shot,
  visit,
  withoutSharedWorker,
} from './harness.ts'

let micro: Feature
let town: Feature
const chain: Feature[] = []

beforeAll(async () => {
  micro = await quietMicro()
  for (let code = micro.id; code !== ''; code = chain[0]?.properties.parent ?? '') {
    chain.unshift(await get<Feature>(`/api/v1/areas/${code}?geometry=false`))
  }
  town = chain[1] as Feature
})

/** Address of the map with a place in the middle. */
const at = ([lon, lat]: [number, number], zoom: number) => `/#at=${lon},${lat},${zoom}`

describe('the map page', () => {
  it('shows the areas without a console error or a request to another host', async () => {
    const { page, complaints } = await visit('/', { as: 'demo-dispatcher' })
    await mapReady(page)
    const drawn = await page.evaluate(() => {
      const colors = new Map<string, number>()
      for (const canvas of document.querySelectorAll<HTMLCanvasElement>('canvas.leaflet-tile')) {
        // Pictures that were handed over are read from a copy.
        const { width, height } = canvas.getBoundingClientRect()
        const copy = new OffscreenCanvas(width, height).getContext('2d')
        copy?.drawImage(canvas, 0, 0)
        const { data } = copy?.getImageData(0, 0, width, height) ?? { data: [] }
        for (let i = 0; i < data.length; i += 4) {
          const kind = data[i + 3] === 0 ? 'empty' : (data[i] ?? 0) > 240 ? 'land' : 'line'
          colors.set(kind, (colors.get(kind) ?? 0) + 1)
        }
      }
      return Object.fromEntries(colors)
    })
    expect(drawn.land).toBeGreaterThan(100_000)
    expect(drawn.line).toBeGreaterThan(5_000)
    await page.getByText('示意边界，非真实区划').waitFor()
    await page.getByText('实时', { exact: true }).waitFor()
    await page.locator('.feed li').nth(10).waitFor()
    expect(await page.title()).toBe('经纬 · 网格地图')
    expect(complaints).toEqual([])
  })

  it.each(Object.keys(SIZES) as (keyof typeof SIZES)[])('is pictured at the size %s', async (size) => {
    const { page, complaints } = await visit('/', { size, as: 'demo-dispatcher' })
    await mapReady(page)
    await page.getByText('实时', { exact: true }).waitFor()
    await shot(page, `county-${size}`)
    for (const [name, zoom] of [
      ['town', 13],
      ['micro', 16],
    ] as const) {
      await page.goto(base + at(micro.properties.label, zoom))
      await mapReady(page)
      const { width, height } = SIZES[size]
      await page.mouse.click(width / 2, height / 2)
      await page.locator('.card :is(.chain, .subject)').waitFor()
      await mapReady(page)
      await shot(page, `${name}-${size}`)
    }
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
    expect(overflow).toBeLessThanOrEqual(0)
    expect(complaints).toEqual([])
  })

  it('tells for a click which five areas own the place and who answers', async () => {
    const { page } = await visit(at(micro.properties.label, 17))
    await mapReady(page)
    await clickMiddle(page)
    const rows = page.locator('.chain li')
    await rows.nth(4).waitFor()
    expect(await page.locator('.chain .name').allTextContents()).toEqual(chain.map(({ properties }) => properties.name))
    expect(await page.locator('.chain .level').allTextContents()).toEqual(['区县', '镇街', '村社区', '网格', '微网格'])
    const card = page.getByRole('region', { name: '归格结果' })
    await card.getByText('负责的党组织').waitFor()
    await card.getByText('示例', { exact: true }).waitFor()
    expect(await card.locator('.copies dd.mono').allTextContents()).toHaveLength(4)
    expect(page.url()).toContain('pin=')

    // The town of the chain is selected and shown; the card stays.
    await rows.nth(1).getByRole('button').click()
    await expect.poll(() => page.url()).toContain(`area=${town.id}`)
    await expect.poll(() => Number(/at=[^&]*,([\d.]+)/.exec(page.url())?.[1])).toBeLessThan(15)
    await page.locator('.chain button.selected', { hasText: town.properties.name }).waitFor()
  })

  it('says so where a place belongs to no area', async () => {
    const { page, complaints } = await visit('/#at=100,40,8')
    await page.locator('#map').click({ position: { x: 600, y: 400 } })
    await page.getByText('此处不属于任何区域').waitFor()
    await page.getByRole('button', { name: '在此上报' }).waitFor()
    expect(complaints).toEqual([])
  })

  it('shows the sentence of a problem and tries again', async () => {
    const { mend, prepare } = outage('**/api/v1/snap?*')
    const { page } = await visit(at(micro.properties.label, 17), {
      prepare,
    })
    await mapReady(page)
    await clickMiddle(page)
    await page.getByText('PostGIS is away').waitFor()
    mend()
    await page.getByRole('button', { name: '重试' }).click()
    await page.locator('.copies').waitFor()
  })

  it('shows the name under the pointer', async () => {
    const { page } = await visit(at(micro.properties.label, 18))
    await mapReady(page)
    const box = await page.locator('#map').boundingBox()
    if (!box) throw new Error('the map has a place')
    // An incident that happens to lie there would show its own name.
    const places = [
      [0, 0],
      [12, 0],
      [0, 12],
      [-12, 0],
    ] as const
    const texts: string[] = []
    await expect
      .poll(async () => {
        const [dx, dy] = places[texts.length % places.length] as (typeof places)[number]
        await page.mouse.move(box.x + box.width / 2 + dx, box.y + box.height / 2 + dy)
        texts.push((await page.locator('.tip').allTextContents()).join().trim())
        return texts.join('\n')
      })
      .toContain(micro.properties.name)
    expect(texts.join('\n')).toContain('微网格')
  })

  it('copies coordinates', async () => {
    const [lon, lat] = micro.properties.label
    const { page } = await visit(`/#pin=${lon},${lat}`)
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin: base })
    await page.getByRole('button', { name: '复制 WGS-84' }).click()
    const copied = await page.evaluate(() => navigator.clipboard.readText())
    expect(copied.split(',').map(Number)).toEqual([expect.closeTo(lon, 5), expect.closeTo(lat, 5)])
  })

  it('is worked with the keyboard alone', async () => {
    const { page } = await visit(at(micro.properties.label, 16))
    await mapReady(page)
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter') // skip to the map
    await page.keyboard.press('Enter') // ask about its middle
    await page.locator('.chain li').nth(4).waitFor()
    await shot(page, 'keyboard')
    await page.keyboard.press('Escape')
    await page.locator('.card').waitFor({ state: 'detached' })
    expect(page.url()).not.toContain('pin=')
  })
})

describe('search', () => {
  it('finds an area by name, with the arrow keys', async () => {
    const { page } = await visit('/')
    await mapReady(page)
    await page.keyboard.press('/')
    await page.keyboard.type(town.properties.name)
    await page.getByRole('option').first().waitFor()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowUp')
    await page.keyboard.press('Enter')
    await page.getByRole('region', { name: town.properties.name }).waitFor()
    expect(page.url()).toContain(`area=${town.id}`)
  })

  it('finds an area by code and tells what it lies in', async () => {
    const { page } = await visit('/')
    await page.getByRole('combobox', { name: '查找区域或坐标' }).fill(micro.id)
    await page.keyboard.press('Enter')
    const card = page.getByRole('region', { name: micro.properties.name })
    for (const { properties } of chain.slice(0, 4))
      await card.getByRole('button', { name: properties.name, exact: true }).waitFor()
  })

  it('goes to coordinates, also swapped and in GCJ-02', async () => {
    const [lon, lat] = micro.properties.label
    const { page } = await visit('/')
    const box = page.getByRole('combobox')
    await box.fill(`${lat},${lon}`)
    await page.getByText('按“纬度,经度”理解，已对调').waitFor()
    await page.keyboard.press('Enter')
    await page.locator('.chain .name', { hasText: micro.properties.name }).waitFor()

    await box.fill(`${lon} ${lat}`)
    await page.getByRole('option', { name: 'GCJ-02' }).click()
    await expect.poll(() => Number(/pin=([\d.]+)/.exec(page.url())?.[1])).not.toBeCloseTo(lon, 4)
    const pinned = Number(/pin=([\d.]+)/.exec(page.url())?.[1])
    expect(Math.abs(pinned - lon)).toBeLessThan(0.01)
  })

  it('says when nothing is found, and when a place is nowhere on Earth', async () => {
    const { page } = await visit('/')
    await page.getByRole('combobox').fill('没有这个地方')
    await page.getByText('没有名称或代码相符的区域').waitFor()
    await page.getByRole('combobox').fill('200,95')
    await page.getByText('不是有效的经纬度').waitFor()
  })
})

describe('the address', () => {
  it('brings back place, selection and language', async () => {
    const { page } = await visit(`/#at=${micro.properties.label.join(',')},15&area=${town.id}&lang=en`)
    await page.getByRole('region', { name: town.properties.name }).waitFor()
    await page.getByText('Newest incidents').waitFor()
    expect(await page.getAttribute('html', 'lang')).toBe('en')
    expect(/at=[^&]*,([\d.]+)/.exec(page.url())?.[1]).toBe('15')
  })

  it('without a place shows what it selects', async () => {
    const zoomOf = (url: string) => Number(/at=[^&]*,([\d.]+)/.exec(url)?.[1])
    const { page } = await visit(`/#area=${micro.id}`)
    await page.getByRole('region', { name: micro.properties.name }).waitFor()
    await expect.poll(() => zoomOf(page.url())).toBeGreaterThan(15)

    const { items } = await get<{ items: { id: string; title: string }[] }>(
      '/api/v1/incidents?limit=1',
      'demo-dispatcher',
    )
    const second = await visit(`/#incident=${items[0]?.id}`, { as: 'demo-dispatcher' })
    await second.page
      .getByText(items[0]?.title ?? '')
      .first()
      .waitFor()
    await expect.poll(() => zoomOf(second.page.url())).toBe(16)
  })

  it('works with back and forward', async () => {
    const { page } = await visit(at(micro.properties.label, 17))
    await mapReady(page)
    await clickMiddle(page)
    await page.locator('.chain').waitFor()
    await page.getByRole('button', { name: '关闭' }).click()
    await page.locator('.card').waitFor({ state: 'detached' })
    await page.goBack()
    await page.locator('.chain').waitFor()
    await page.goForward()
    await page.locator('.card').waitFor({ state: 'detached' })
  })
})

describe('languages', () => {
  it('changes at once and is remembered', async () => {
    const { page, complaints } = await visit(at(micro.properties.label, 17))
    await mapReady(page)
    await page.getByRole('button', { name: 'English' }).click()
    await page.getByText('Newest incidents').waitFor()
    await page.getByText('Schematic boundaries, not the real divisions').waitFor()
    await clickMiddle(page)
    await page.locator('.card').waitFor()
    // What is left in Chinese are the names of places and people and the button to Chinese.
    const chrome = await page.locator('header, .legend').allTextContents()
    expect(chrome.join(' ').replaceAll('中文', '').replaceAll('经纬', '')).not.toMatch(/[\u3400-\u9fff]/)
    await page.goto(`${base}/`)
    await page.getByText('Newest incidents').waitFor()
    await mapReady(page)
    await page.getByText('Live', { exact: true }).waitFor()
    await shot(page, 'english')
    expect(complaints).toEqual([])
  })
})

describe('axe', () => {
  it('finds nothing on the map page, with a card and a form open', async () => {
    const { page } = await visit(at(micro.properties.label, 17))
    await mapReady(page)
    expect(await axe(page)).toEqual([])
    await clickMiddle(page)
    await page.getByRole('button', { name: '在此上报' }).click()
    await page.getByRole('combobox', { name: '清单事项' }).waitFor()
    expect(await axe(page)).toEqual([])
    await shot(page, 'form')
  })

  it('finds nothing on the phone', async () => {
    const { page } = await visit(at(micro.properties.label, 15), { size: 'phone', as: 'demo-dispatcher' })
    await mapReady(page)
    await page.getByRole('button', { name: '最新事件' }).click()
    await page.locator('.feed li').first().waitFor()
    expect(await axe(page)).toEqual([])
    await shot(page, 'feed-phone')
  })
})

describe('an empty server', () => {
  it('says what to do, and goes on by itself when an edition is published', async () => {
    let published = false
    const { page } = await visit('/', {
      async prepare(page) {
        await withoutSharedWorker(page)
        await page.route('**/api/v1/about', async (route) => {
          if (published) return route.continue()
          const response = await route.fetch()
          return route.fulfill({
            response,
            json: { ...(await response.json()), edition: 0, areas: {}, bounds: null, notice: null },
          })
        })
        await page.route('**/api/v1/events', async (route) => {
          await new Promise((resolve) => setTimeout(resolve, published ? 200 : 1500))
          if (published) return route.continue()
          published = true
          return route.fulfill({
            contentType: 'text/event-stream',
            body: 'id: 1\nevent: edition.published\ndata: {"number":1}\n\n',
          })
        })
      },
    })
    await page.getByRole('heading', { name: '地图还没有区域' }).waitFor()
    await page.getByText('jingwei demo').first().waitFor()
    await page.getByText('jingwei import areas').first().waitFor()
    expect(await axe(page)).toEqual([])
    await shot(page, 'empty')
    await page.locator('#map').waitFor()
    await mapReady(page)
  })
})
