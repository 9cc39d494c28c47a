//! Colours that read on a black ground as well as on a white one. Those of a theme need not: its blue on black seldom does.

use crossterm::style::Color;

use crate::events::ClientName;

/// Of the 256 colours that xterm has made common.
const RECEIVED: u8 = 33;

/// Those that clients have in turn; next to each other they are told apart.
const CLIENTS: [u8; 8] = [166, 29, 133, 136, 99, 161, 64, 31];

/// What is received.
pub(crate) const fn received() -> Color {
    Color::AnsiValue(RECEIVED)
}

/// A client's own, as long as it is there.
pub(crate) fn of_client(name: ClientName) -> Color {
    let turn = usize::try_from(name.0).unwrap_or_default().saturating_sub(1);
    Color::AnsiValue(CLIENTS[turn % CLIENTS.len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The relative luminance of a colour of the cube (WCAG 2.2).
    fn luminance(colour: u8) -> f64 {
        let linear = |level: u8| {
            let value = f64::from([0, 95, 135, 175, 215, 255][usize::from(level)]) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        let cell = colour - 16;
        0.2126 * linear(cell / 36) + 0.7152 * linear(cell / 6 % 6) + 0.0722 * linear(cell % 6)
    }

    #[test]
    fn each_has_a_contrast_of_three_on_black_and_on_white() {
        for colour in CLIENTS.into_iter().chain([RECEIVED]) {
            let contrasts = [(luminance(colour) + 0.05) / 0.05, 1.05 / (luminance(colour) + 0.05)];
            assert!(contrasts.iter().all(|contrast| *contrast >= 3.0), "{colour}: {contrasts:?}");
        }
    }

    #[test]
    fn a_client_keeps_its_colour_and_its_neighbours_have_others() {
        assert_eq!(of_client(ClientName(3)), of_client(ClientName(11)));
        assert_ne!(of_client(ClientName(3)), of_client(ClientName(4)));
    }
}
