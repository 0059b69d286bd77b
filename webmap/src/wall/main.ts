import { createApp } from 'vue'
import { standAlone } from '../api/unattended.ts'
import '../base.css'
import './wall.css'
import App from './App.vue'

standAlone()
createApp(App).mount('#app')
