import { defineConfig } from 'vitest/config'

// The pages in a real browser against the real server at JINGWEI_E2E_URL. One file after another: they share the server.
export default defineConfig({
  test: {
    environment: 'node',
    include: ['e2e/**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A slow machine may take as long for what a poll waits for as for what a locator waits for.
    expect: { poll: { timeout: 20_000, interval: 100 } },
  },
})
