// A small set of line icons, drawn for this console. Always beside a word, so hidden from readers.
import type { ReactNode } from 'react';

function icon(drawing: ReactNode) {
  return function Icon({ className }: { className?: string }) {
    return (
      <svg
        className={`b-icon ${className ?? ''}`}
        viewBox="0 0 16 16"
        width="1em"
        height="1em"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.6"
        strokeLinecap="round"
        strokeLinejoin="round"
        aria-hidden="true"
        focusable="false"
      >
        {drawing}
      </svg>
    );
  };
}

export const CheckIcon = icon(<path d="m3.2 8.4 3.1 3.1 6.5-7" />);
export const CrossIcon = icon(<path d="m4 4 8 8M12 4l-8 8" />);
export const WarningIcon = icon(<path d="M8 2.3 14.4 13.4H1.6ZM8 6.6v3M8 11.5v.1" />);
export const InfoIcon = icon(<path d="M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 7.4v3.3M8 5.2v.1" />);
export const CopyIcon = icon(<path d="M5.5 5.5h7.3v7.3H5.5ZM3.2 10.3V3.2h7.1" />);
export const PauseIcon = icon(<path d="M5.6 3.5v9M10.4 3.5v9" />);
export const PlayIcon = icon(<path d="M5 3.2v9.6L12.6 8Z" />);
export const PlusIcon = icon(<path d="M8 3v10M3 8h10" />);
export const UploadIcon = icon(<path d="M8 10.6V2.8M4.9 5.7 8 2.6l3.1 3.1M2.8 10.4v2.8h10.4v-2.8" />);
export const ArrowIcon = icon(<path d="M3 8h10M9.2 4.2 13 8l-3.8 3.8" />);
export const BackIcon = icon(<path d="M13 8H3M6.8 4.2 3 8l3.8 3.8" />);
export const UndoIcon = icon(<path d="M3 6h6.4a3.6 3.6 0 1 1 0 7.2H6.2M5.8 3.2 3 6l2.8 2.8" />);
export const LinkIcon = icon(<path d="M3 8h10M3 8l2-2M3 8l2 2M13 8l-2-2M13 8l-2 2" />);
export const DiskIcon = icon(<path d="M2.8 4.4c0-1.2 2.3-2 5.2-2s5.2.8 5.2 2v7.2c0 1.2-2.3 2-5.2 2s-5.2-.8-5.2-2ZM2.8 4.4c0 1.2 2.3 2 5.2 2s5.2-.8 5.2-2M2.8 8c0 1.2 2.3 2 5.2 2s5.2-.8 5.2-2" />);
export const SignOutIcon = icon(<path d="M6.4 2.8H2.8v10.4h3.6M6.4 8h7M10.4 4.9 13.5 8l-3.1 3.1" />);

/** The bascule: two leaves, lifted, over the water. */
export function Logo({ size = 32 }: { size?: number }) {
  return (
    <svg className="b-logo" viewBox="0 0 32 32" width={size} height={size} fill="none" strokeLinecap="round" aria-hidden="true" focusable="false">
      <path className="b-logo-pier" d="M3.2 19.5h4.6M28.8 19.5h-4.6M7.8 19.5v5.2M24.2 19.5v5.2" strokeWidth="2.2" />
      <path className="b-logo-leaf-0" d="M7.8 19.5 14.5 7" strokeWidth="3" />
      <path className="b-logo-leaf-1" d="M24.2 19.5 17.5 7" strokeWidth="3" />
      <path className="b-logo-water" d="M11.4 24.9c1.15-1 2.3-1 3.45 0s2.3 1 3.45 0c.8-.7 1.5-.9 2.3-.5" strokeWidth="1.7" />
    </svg>
  );
}
