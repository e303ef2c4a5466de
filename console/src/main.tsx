import { createRoot } from 'react-dom/client';
import '@patternfly/react-core/dist/styles/base.css';
import './styles.css';
import { App } from './app';
import { followSystemTheme } from './theme';

followSystemTheme();
createRoot(document.getElementById('root')!).render(<App />);
