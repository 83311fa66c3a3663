//! Where a file holds data: what lies between are holes, which read as zeros and take no space (lseek(2), `SEEK_DATA`).

/// A stretch of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DataSegment {
    /// Where it begins, in bytes.
    pub offset: u64,
    /// How long it is.
    pub length: u64,
}

impl DataSegment {
    /// Where it ends; the largest number where that is no place in a file.
    pub fn end(&self) -> u64 {
        self.offset.saturating_add(self.length)
    }

    /// What the segments of one file hold together.
    pub fn total(segments: &[Self]) -> u64 {
        segments.iter().fold(0, |sum: u64, segment| sum.saturating_add(segment.length))
    }

    /// At most `count_max` segments that hold all that these do: the shortest holes between them are taken for data. They
    /// ascend, and so does the answer.
    pub fn fewest(segments: Vec<Self>, count_max: usize) -> Vec<Self> {
        if segments.len() <= count_max {
            return segments;
        }
        let gap = |pair: &[Self]| match pair {
            [a, b] => b.offset.saturating_sub(a.end()),
            _ => 0,
        };
        let mut gaps: Vec<u64> = segments.windows(2).map(gap).collect();
        gaps.sort_unstable_by(|a, b| b.cmp(a));
        // One segment more than there are gaps. Gaps of this length are closed as well: it may be that of many.
        let closed = gaps.get(count_max.saturating_sub(1)).copied().unwrap_or(u64::MAX);
        let mut out: Vec<Self> = Vec::with_capacity(count_max);
        for segment in segments {
            match out.last_mut() {
                Some(last) if segment.offset.saturating_sub(last.end()) <= closed => {
                    last.length = segment.end().saturating_sub(last.offset);
                }
                _ => out.push(segment),
            }
        }
        out
    }

    /// The segments of a content whose blocks of zeros are holes.
    pub fn of_content(content: &[u8], block: usize) -> Vec<Self> {
        let mut out: Vec<Self> = Vec::new();
        let mut offset = 0;
        for block in content.chunks(block.max(1)) {
            let length = block.len() as u64;
            match out.last_mut() {
                _ if block.iter().all(|byte| *byte == 0) => {}
                Some(last) if last.end() == offset => last.length += length,
                _ => out.push(Self { offset, length }),
            }
            offset += length;
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segments(spans: &[(u64, u64)]) -> Vec<DataSegment> {
        spans.iter().map(|(from, to)| DataSegment { offset: *from, length: to - from }).collect()
    }

    #[test]
    fn of_too_many_segments_the_shortest_holes_are_closed() {
        let many = segments(&[(0, 10), (11, 20), (120, 130), (135, 140), (1140, 1150)]);
        assert_eq!(DataSegment::fewest(many.clone(), 5), many);
        assert_eq!(DataSegment::fewest(many.clone(), 4), segments(&[(0, 20), (120, 130), (135, 140), (1140, 1150)]));
        assert_eq!(DataSegment::fewest(many.clone(), 3), segments(&[(0, 20), (120, 140), (1140, 1150)]));
        assert_eq!(DataSegment::fewest(many, 1), segments(&[(0, 1150)]));
        let even = segments(&[(0, 1), (2, 3), (4, 5), (6, 7)]);
        assert_eq!(DataSegment::fewest(even, 3), segments(&[(0, 7)]));
    }

    #[test]
    fn blocks_of_zeros_are_holes() {
        let content = [&[0; 8][..], &[1; 5], &[0; 3], &[0; 8], &[0, 2]].concat();
        assert_eq!(DataSegment::of_content(&content, 4), segments(&[(8, 16), (24, 26)]));
        assert_eq!(DataSegment::of_content(&[0; 9], 4), []);
        assert_eq!(DataSegment::total(&segments(&[(8, 16), (24, 26)])), 10);
    }
}
