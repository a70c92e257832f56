// The default theme without its fonts, in the colours of the demo.

import theme from 'vitepress/theme-without-fonts';
import './style.css';

export default theme;
