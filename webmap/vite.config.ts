import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'

const page = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const server = process.env.JINGWEI_URL ?? 'http://127.0.0.1:8080'

export default defineConfig({
  plugins: [vue()],
  // Components here use the composition API only.
  define: { __VUE_OPTIONS_API__: 'false' },
  worker: { format: 'es' },
  build: {
    target: 'es2022',
    // Everything is a file of its own: the server's Content-Security-Policy allows no inline script.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // The docs page carries all of Swagger UI; scripts/size.mjs watches the sizes that matter.
    chunkSizeWarningLimit: 2000,
    rolldownOptions: {
      input: {
        index: page('index.html'),
        login: page('login.html'),
        account: page('account.html'),
        admin: page('admin.html'),
        audit: page('audit.html'),
        incidents: page('incidents.html'),
        wall: page('wall.html'),
        queue: page('queue.html'),
        docs: page('docs.html'),
      },
    },
  },
  server: {
    proxy: { '/api': server, '/tiles': server },
  },
})
